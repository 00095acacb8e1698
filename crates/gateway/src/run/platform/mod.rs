//! What differs between operating systems; nothing outside this folder may.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(super) use unix::{
    Signals, create_private_folder, exit_code, pip_configuration_files, poetry_folders, raise_open_file_limit,
    uv_configuration_files,
};
#[cfg(windows)]
pub(super) use windows::{
    Signals, create_private_folder, exit_code, pip_configuration_files, poetry_folders, raise_open_file_limit,
    uv_configuration_files,
};
