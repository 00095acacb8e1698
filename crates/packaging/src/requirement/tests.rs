use proptest::prelude::*;

use super::*;

#[test]
fn requirements_name_a_project_and_versions() {
    for (text, project, versions) in [
        ("requests", "requests", ""),
        (" Zope.Interface ", "zope-interface", ""),
        ("requests==2.32.3", "requests", "==2.32.3"),
        ("requests[socks]>=2,<3", "requests", ">=2, <3"),
        ("requests [socks, use_chardet] >= 2 , < 3", "requests", ">=2, <3"),
        ("requests[]~=2.1", "requests", "~=2.1"),
        ("name (>=1)", "name", ">=1"),
        ("name(==1.*)", "name", "==1.*"),
        ("name ()", "name", ""),
        ("name!=1.0+local", "name", "!=1.0+local"),
        ("name===1.0", "name", "===1.0"),
    ] {
        let requirement: Requirement = text.parse().unwrap();
        assert_eq!((requirement.project.as_str(), &*requirement.versions.to_string()), (project, versions), "{text}");
    }
}

#[test]
fn what_is_no_requirement_is_refused_and_the_problem_named() {
    let long = format!("requests=={}", "1".repeat(limits::REQUIREMENT_BYTES));
    for (text, problem) in [
        ("", "cannot be empty"),
        (">=1", "cannot be empty"),
        ("-r", "begins and ends"),
        ("requests==2; python_version<'3'", "markers"),
        ("requests @ https://files.example/requests-1.0.zip", "URL"),
        ("git+https://files.example/x", "URL"),
        ("requests[socks", "bracket"),
        ("requests[a b]", "extras"),
        ("requests[socks,]", "extras"),
        ("requests (>=1", "parenthesis"),
        ("requests 2.0", "\"2.0\" after the name"),
        ("requests==", "comparisons"),
        ("requests==two", "comparisons"),
        ("requests=2", "comparisons"),
        ("../requests", "begins and ends"),
        ("requêtes", ""),
        (&long, "more than 1024 bytes"),
    ] {
        let message = text.parse::<Requirement>().expect_err(text).to_string();
        assert!(message.contains(problem), "{message}");
        assert!(message.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()), "{message:?}");
    }
}

proptest! {
    #[test]
    fn a_requirement_is_read_as_it_was_written(name in "[a-z][a-z0-9-]{0,8}[a-z]", operator in "==|>=|<|!=", version in "[0-9]{1,4}(\\.[0-9]{1,3}){0,2}") {
        let version: crate::Version = version.parse().unwrap();
        prop_assume!(!name.contains("--"));
        let requirement: Requirement = format!("{name}{operator}{version}").parse().unwrap();
        prop_assert_eq!(requirement.project.as_str(), name);
        prop_assert_eq!(requirement.versions.to_string(), format!("{operator}{version}"));
    }

    #[test]
    fn no_text_makes_it_panic_or_reach_a_terminal(text in "\\PC{0,30}|[a-z]{0,3}[\\[(]?.{0,20}") {
        if let Err(error) = text.parse::<Requirement>() {
            prop_assert!(error.to_string().bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()));
        }
    }
}
