//! The list of authorities that CMD is to trust: this run's, and all that it trusted before.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use super::existing::{Existing, read_text_up_to};
use crate::limits;

/// The PEM text of the list: `ours` first. Of the files only certificates are taken: a file that also holds a private key
/// does not spread it.
#[must_use]
pub fn bundle(ours: &str, existing: &Existing) -> String {
    let folders = existing.authority_folders.iter().flat_map(|folder| files_of(folder));
    let files = existing.authorities.iter().cloned().chain(folders);
    let of_files =
        files.filter_map(|path| read_text_up_to(&path, limits::AUTHORITIES_BYTES)).flat_map(|text| certificates(&text));
    let system = rustls_native_certs::load_native_certs();
    if system.certs.is_empty() {
        tracing::warn!(errors = ?system.errors, "the system's list of authorities cannot be read");
    }
    let all: BTreeSet<Vec<u8>> = of_files.chain(system.certs.into_iter().map(|certificate| certificate.to_vec())).collect();
    let mut text = ours.to_owned();
    for certificate in all {
        push_pem(&mut text, &certificate);
    }
    text
}

fn certificates(text: &str) -> Vec<Vec<u8>> {
    CertificateDer::pem_slice_iter(text.as_bytes()).filter_map(|certificate| Some(certificate.ok()?.to_vec())).collect()
}

fn files_of(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().take(limits::AUTHORITY_FILES);
    entries.filter_map(|entry| Some(entry.ok()?.path())).collect()
}

fn push_pem(text: &mut String, certificate: &[u8]) {
    let encoded = STANDARD.encode(certificate);
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str("-----BEGIN CERTIFICATE-----\n");
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str("-----END CERTIFICATE-----\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_has_ours_first_then_each_other_once_and_never_a_key() {
        let folder = tempfile::tempdir().unwrap();
        let [ours, theirs] = [(); 2].map(|()| crate::proxy::Authority::new().unwrap().ca_pem());
        let key = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n";
        fs::write(folder.path().join("a.pem"), format!("{key}{theirs}comment\n{theirs}")).unwrap();
        fs::write(folder.path().join("broken.pem"), [0xff, 0xfe]).unwrap();
        let existing = Existing {
            authorities: vec![folder.path().join("a.pem"), folder.path().join("missing.pem"), folder.path().join("broken.pem")],
            authority_folders: vec![folder.path().to_owned(), folder.path().join("missing")],
            ..Existing::default()
        };
        let text = bundle(&ours, &existing);
        assert!(text.starts_with(&ours) && !text.contains("PRIVATE"));
        let found = certificates(&text);
        assert_eq!(found.first(), certificates(&ours).first());
        assert_eq!(found.iter().filter(|certificate| **certificate == certificates(&theirs)[0]).count(), 1);
    }
}
