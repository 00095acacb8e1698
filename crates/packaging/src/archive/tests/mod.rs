mod build;
mod differences;
mod forge;
mod metadata;
mod pack;
mod sdists;
mod uploads;
mod wheels;
