//! The provenance object (PEP 740): what an index says of a file's attestations.

use serde_json::{Value, json};

use super::{Publisher, PublisherName, Verified};

/// The provenance object of a file with these attestations, as a JSON text: the same ones, in whatever order, always have the
/// same text.
#[must_use]
pub fn provenance_object(verified: &[Verified]) -> String {
    let mut verified: Vec<(&Publisher, String)> =
        verified.iter().map(|one| (one.publisher(), one.attestation().to_json())).collect();
    verified.sort();
    verified.dedup();
    let bundles: Vec<String> = verified
        .chunk_by(|one, other| one.0 == other.0)
        .filter_map(|chunk| {
            let attestations: Vec<&str> = chunk.iter().map(|(_, attestation)| attestation.as_str()).collect();
            let publisher = described(chunk.first()?.0);
            Some(format!("{{\"attestations\":[{}],\"publisher\":{publisher}}}", attestations.join(",")))
        })
        .collect();
    format!("{{\"attestation_bundles\":[{}],\"version\":1}}", bundles.join(","))
}

/// A publisher as PEP 740 wants it: its kind, what names it, and what else the certificate claims.
fn described(publisher: &Publisher) -> Value {
    let mut described = named(publisher.name());
    if let Value::Object(members) = &mut described {
        let claims = json!({
            "issuer": publisher.issuer(),
            "repository_id": publisher.repository_id(),
            "repository_owner_id": publisher.owner_id(),
            "subject": publisher.subject(),
        });
        members.insert("claims".to_owned(), claims);
    }
    described
}

/// As PEP 740's first index describes a publisher.
fn named(name: &PublisherName) -> Value {
    match name {
        PublisherName::GitHub { repository, workflow, environment } => {
            json!({ "kind": "GitHub", "repository": repository, "workflow": workflow, "environment": environment })
        }
        PublisherName::GitLab { repository, workflow, environment } => {
            json!({ "kind": "GitLab", "repository": repository, "workflow_filepath": workflow, "environment": environment })
        }
        PublisherName::Google { email } => json!({ "kind": "Google", "email": email }),
        PublisherName::CircleCi { project, pipeline } => {
            json!({ "kind": "CircleCI", "project_id": project, "pipeline_definition_id": pipeline })
        }
        PublisherName::Other { .. } => json!({ "kind": "Other" }),
    }
}
