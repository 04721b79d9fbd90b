//! Of any claim names and any claims: no panic, nothing that the names find refuses claims, and
//! the text of names is the names.

use authguard_token::{ClaimName, ClaimNames, Claims, MAX_IDENTITY_BYTES, Object, Preset};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// The claims that presets and standards read, and two that nothing reads.
const MEMBERS: [&str; 26] = [
    "session_id",
    "sid",
    "client_id",
    "azp",
    "cid",
    "appid",
    "aud",
    "role",
    "roles",
    "org_id",
    "org_role",
    "organization",
    "scope",
    "scp",
    "permissions",
    "groups",
    "cognito:groups",
    "realm_access",
    "firebase",
    "o",
    "fea",
    "fva",
    "amr",
    "user_role",
    "a/b",
    "",
];

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "",
            "x",
            "admin",
            "o:a,u:b",
            "-1,3",
            "A0EEBC999C0B4EF8BB6D6BB9BD380A11"
        ])
        .prop_map(str::to_owned),
        (0_usize..=MAX_IDENTITY_BYTES + 2).prop_map(|length| "é".repeat(length)),
        "[^\\x00]{0,12}",
    ]
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any_text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        let key = prop_oneof![
            prop::sample::select(vec![
                "id",
                "rol",
                "per",
                "fpm",
                "roles",
                "tenant",
                "timestamp",
                "0"
            ])
            .prop_map(str::to_owned),
            any_text(),
        ];
        let members = prop::collection::btree_map(key, inner.clone(), 0..5);
        prop_oneof![
            prop::collection::vec(inner, 0..5).prop_map(Value::from),
            members.prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn any_claims() -> impl Strategy<Value = Value> {
    let member = (prop::sample::select(MEMBERS.to_vec()), any_value());
    let members = prop::collection::vec(member, 0..8);
    members.prop_map(|members| {
        let owned = members
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value));
        Value::Object(owned.collect())
    })
}

fn any_path() -> impl Strategy<Value = Value> {
    let known = prop::sample::select(MEMBERS.to_vec()).prop_map(str::to_owned);
    let pointer = prop::collection::vec(prop_oneof!["[a-z~/01]{0,4}", any_text()], 1..4);
    let pointer = pointer.prop_map(|tokens| format!("/{}", tokens.join("/")));
    prop_oneof![known, pointer, any_text()].prop_map(Value::from)
}

fn any_names() -> impl Strategy<Value = Value> {
    let name = prop_oneof![
        9 => prop::sample::select(ClaimName::ALL.map(ClaimName::as_str).to_vec()),
        1 => prop::sample::select(vec!["preset", "scope", ""]),
    ];
    let paths = prop_oneof![
        4 => any_path(),
        4 => prop::collection::vec(any_path(), 0..4).prop_map(Value::from),
        1 => any_value(),
    ];
    prop::collection::vec((name, paths), 0..4).prop_map(|members| {
        let owned = members
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value));
        Value::Object(owned.collect())
    })
}

fn any_preset() -> impl Strategy<Value = Option<&'static str>> {
    prop::option::of(prop::sample::select(
        Preset::ALL.map(Preset::as_str).to_vec(),
    ))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn the_text_of_names_is_the_names(names in any_names(), preset in any_preset()) {
        let text = names.to_string();
        if let Ok(Some(names)) = ClaimNames::new(preset, Some(&text)) {
            prop_assert_eq!(ClaimNames::parse(names.as_text()), Ok(Some(names.clone())));
        }
        if let Ok(Some(names)) = ClaimNames::parse(&text) {
            prop_assert_eq!(ClaimNames::parse(names.as_text()), Ok(Some(names.clone())));
        }
    }

    #[test]
    fn what_names_find_refuses_no_claims_and_can_be_revoked(
        claims in any_claims(), names in any_names(), preset in any_preset(),
    ) {
        let names = ClaimNames::new(preset, Some(&names.to_string())).ok().flatten();
        let text = claims.to_string();
        let object = Object::parse(&text).unwrap();
        let read = Claims::read(&object, names.as_ref()).unwrap();
        for name in [&read.session, &read.client].into_iter().flatten().chain(&read.other_clients) {
            prop_assert!((1..=MAX_IDENTITY_BYTES).contains(&name.len()));
        }
        prop_assert!(read.client.is_some() || read.other_clients.is_empty());
        prop_assert!(!read.has_role("") && !read.has_permission("") && !read.has_scope(""));
        // The text of the same claims, as jsonb would accept it.
        let loose = Claims::read_jsonb_text(text.as_bytes(), names.as_ref(), |part| {
            std::str::from_utf8(part).ok().map(Into::into)
        });
        prop_assert_eq!(loose, Ok(read));
    }

    #[test]
    fn what_a_user_writes_about_himself_is_nobody_s_role(written in any_claims(), preset in any_preset()) {
        let names = ClaimNames::new(preset, None).unwrap();
        let read = |claims: Value| {
            let text = claims.to_string();
            Claims::read(&Object::parse(&text).unwrap(), names.as_ref()).unwrap()
        };
        // What users write at Supabase, Clerk, Cognito, Auth0 and Keycloak.
        let mut claims = Map::new();
        for place in ["user_metadata", "unsafe_metadata", "attributes", "https://example.com/user_metadata"] {
            claims.insert(place.to_owned(), written.clone());
        }
        for (name, value) in written.as_object().unwrap() {
            claims.insert(format!("custom:{name}"), value.clone());
        }
        claims.insert("app_metadata".to_owned(), json!({"user_metadata": written}));
        prop_assert_eq!(read(Value::Object(claims)), read(json!({})));
    }
}
