//! `affineur index init`.

use std::process::ExitCode;

use affineur_index::folder::{Config, Folder};
use affineur_index::publisher::{Offline, Publisher};
use affineur_index::store::SqliteStore;
use affineur_signer::ceremony::{self, Bins, Initial, Settings};
use affineur_signer::key_file::Passphrase;
use affineur_tuf::key::{KeyPair, Signer as _};
use anstream::println;
use bytes::Bytes;
use jiff::Timestamp;
use zeroize::Zeroizing;

use super::arguments::InitOptions;
use super::ceremony::print_steps;
use super::key_files::sealed;
use super::open::{folder_failure, publisher_failure, store_failure};
use crate::failure::Failure;
use crate::secrets::of_new_keys;

pub(super) async fn init(options: &InitOptions) -> Result<ExitCode, Failure> {
    let url = &options.url;
    if !matches!(url.scheme(), "http" | "https") || !url.path().ends_with('/') || !url.username().is_empty() {
        return Err(Failure::usage(
            "the public address is no plain http or https URL that ends in /",
            "write it as https://index.example/",
        ));
    }
    if !options.bins.is_power_of_two() || options.bins < 2 {
        return Err(Failure::usage(format!("{} is no power of two", options.bins), "16384 and 1024 are"));
    }
    let passphrase = of_new_keys(options.passphrase_file.as_deref(), "the new offline keys")?;
    let online = online_key()?;
    let settings = Settings {
        bit_length: u8::try_from(options.bins.trailing_zeros()).unwrap_or(u8::MAX),
        bins: if options.classic_bins { Bins::Classic } else { Bins::Succinct },
        valid_days: options.valid_days,
        online: (online.key_id().clone(), online.key().clone()),
        now: Timestamp::now(),
    };
    let made =
        ceremony::initial(&settings).map_err(|error| Failure::usage(error.to_string(), "see `affineur index init --help`"))?;
    let folder = Folder::create(&options.dir).map_err(|error| folder_failure(&error))?;
    write_keys(&folder, &made, &passphrase)?;
    folder.write_online_key(&online).map_err(|error| folder_failure(&error))?;
    let config = Config { url: url.clone(), files_as_targets: options.files_as_targets, sigstore_trusted_root: None };
    let offline = offline(&made)?;
    folder.write_client(&offline.root, &config).map_err(|error| folder_failure(&error))?;
    let store = SqliteStore::open(folder.path()).map_err(|error| store_failure(&error))?;
    // `online` reads the configuration, which is written last: without it there is no index here.
    folder.write_config(&config).map_err(|error| folder_failure(&error))?;
    let online = folder.online(&offline.root).map_err(|error| folder_failure(&error))?;
    Publisher::initialise(store, offline, online, settings.now).await.map_err(|error| publisher_failure(&error))?;
    report(options, &made);
    Ok(ExitCode::SUCCESS)
}

fn online_key() -> Result<KeyPair, Failure> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(seed.as_mut())
        .map_err(|_| Failure::cannot_tell("the system gives no random bytes", "try again on a machine that does"))?;
    KeyPair::from_seed(*seed).map_err(|error| Failure::bug(error.to_string()))
}

fn write_keys(folder: &Folder, made: &Initial, passphrase: &Passphrase) -> Result<(), Failure> {
    for key in &made.keys {
        let file = sealed(&key.pair, passphrase)?;
        folder.write(&format!("offline/{}.key", key.name), file.as_bytes()).map_err(|error| folder_failure(&error))?;
    }
    Ok(())
}

/// Root, targets and bins, in this order.
fn offline(made: &Initial) -> Result<Offline, Failure> {
    let [root, targets, bins] = made.files.as_slice() else { return Err(Failure::bug("the ceremony made other files")) };
    let bytes = |file: &affineur_signer::ceremony::SignedFile| Bytes::from(file.bytes.clone());
    Ok(Offline { root: bytes(root), targets: bytes(targets), bins: bytes(bins) })
}

fn report(options: &InitOptions, made: &Initial) {
    print_steps(&made.steps);
    let dir = options.dir.display();
    println!("\nThe index is in {dir}. What to do now:");
    println!("  carry {dir}/offline away: encrypted keys of root, targets and bins, which the index never needs to serve");
    println!("  give {dir}/client to users: root.json and affineur.toml, for {}", options.url);
    println!("  serve it: affineur index serve {dir}");
}
