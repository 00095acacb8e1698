mod build;
mod forge;
mod wheels;
