//! The largest inputs cost a bounded amount: counted in bytes and allocations, not in time.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use authguard_token::{
    Algorithm, ClaimNames, Claims, Key, MAX_NODES, Node, Object, Policy, Token, TokenError,
    memory_for_json, memory_for_token, parse_jwks, parse_object,
};

use crate::shapes::{KIB_64, filled, shapes};
use crate::signers::{NOW, Signer, of, policy};

/// The system's allocator, which counts for each thread.
struct Counting;

thread_local! {
    /// Bytes in use, the most there were, allocations.
    static COUNTS: Cell<(isize, isize, usize)> = const { Cell::new((0, 0, 0)) };
    /// Bytes that were allocated, whatever was freed. A piece that grows counts anew.
    static ALLOCATED: Cell<usize> = const { Cell::new(0) };
}

fn count_allocated(bytes: usize) {
    let _ = ALLOCATED.try_with(|allocated| allocated.set(allocated.get() + bytes));
}

fn count(bytes: isize, allocations: usize) {
    // A thread that ends has no counts any more, and nobody asks for them.
    let _ = COUNTS.try_with(|counts| {
        let (used, most, times) = counts.get();
        let used = used + bytes;
        counts.set((used, most.max(used), times + allocations));
    });
}

// SAFETY: each call goes to the system's allocator as it came; the counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size().cast_signed(), 1);
        count_allocated(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-layout.size().cast_signed(), 0);
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size.cast_signed() - layout.size().cast_signed(), 1);
        count_allocated(size);
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// The bytes that were in use at most, and the allocations, of this thread during `f`.
fn cost<T>(f: impl FnOnce() -> T) -> (T, usize, usize) {
    let (before, _, times_before) = COUNTS.get();
    COUNTS.set((before, before, times_before));
    let value = f();
    let (_, most, times) = COUNTS.get();
    (value, (most - before).unsigned_abs(), times - times_before)
}

/// The bytes that this thread has allocated in all during `f`.
fn allocated<T>(f: impl FnOnce() -> T) -> usize {
    let before = ALLOCATED.get();
    drop(f());
    ALLOCATED.get() - before
}

/// What one verification may take, for each byte of the token at its limit of 64 KiB.
const BYTES_A_BYTE: usize = 24;

#[test]
fn a_payload_of_64_kib_costs_bounded_memory() {
    let signer = of(Algorithm::HS256);
    for (shape, payload) in shapes() {
        let text = signer.signed(signer.header(), &payload);
        assert!(
            (KIB_64 - 2000..=KIB_64).contains(&text.len()),
            "{shape}: {}",
            text.len()
        );
        let judge = || {
            Token::parse(&text, KIB_64).and_then(|token| token.verify(&signer.key, &policy(), NOW))
        };
        let (_, bytes, allocations) = cost(judge);
        assert!(bytes <= BYTES_A_BYTE * KIB_64, "{shape}: {bytes} bytes");
        // Two for each value: it and its key, and growth.
        assert!(
            allocations <= 3 * MAX_NODES,
            "{shape}: {allocations} allocations"
        );
        let (_, bytes, allocations) = cost(|| parse_object(&payload).is_ok());
        assert!(bytes <= BYTES_A_BYTE * KIB_64, "{shape}: {bytes} bytes");
        assert!(
            allocations <= 3 * MAX_NODES,
            "{shape}: {allocations} allocations"
        );
    }
}

#[test]
fn what_is_too_long_costs_nothing() {
    let signer = of(Algorithm::HS256);
    for (shape, payload) in shapes() {
        let text = signer.signed(signer.header(), &payload);
        let (refused, bytes, allocations) = cost(|| Token::parse(&text, 8192).err());
        assert_eq!(
            (refused, bytes, allocations),
            (Some(TokenError::TooLong), 0, 0),
            "{shape}"
        );
    }
}

/// A header is at most 1 KiB: a longer one is not even decoded.
#[test]
fn a_header_of_64_kib_costs_nothing() {
    let signer = of(Algorithm::HS256);
    for (shape, header) in shapes() {
        let text = signer.signed(&header, "{}");
        let (refused, bytes, allocations) = cost(|| Token::parse(&text, KIB_64).err());
        assert_eq!(refused, Some(TokenError::HeaderTooLong), "{shape}");
        assert_eq!((bytes, allocations), (0, 0), "{shape}");
    }
}

#[test]
fn a_signature_of_64_kib_is_refused() {
    for algorithm in [
        Algorithm::RS256,
        Algorithm::ES256,
        Algorithm::EdDSA,
        Algorithm::HS256,
    ] {
        let signer: &Signer = of(algorithm);
        let token = signer.token();
        let (unsigned, _) = token.rsplit_once('.').unwrap();
        let text = format!("{unsigned}.{}", "A".repeat(KIB_64 - 1000));
        let judge = || {
            Token::parse(&text, KIB_64).and_then(|token| token.verify(&signer.key, &policy(), NOW))
        };
        let (judged, bytes, _) = cost(judge);
        assert_eq!(judged.err(), Some(TokenError::Signature), "{algorithm}");
        assert!(bytes <= 4 * KIB_64, "{algorithm}: {bytes} bytes");
    }
}

#[test]
fn texts_without_form_cost_nothing_much() {
    for text in [
        ".".repeat(KIB_64),
        "a".repeat(KIB_64),
        "a.".repeat(KIB_64 / 2),
        "=".repeat(KIB_64),
        "..".to_owned() + &"é".repeat(KIB_64 / 3),
    ] {
        let (refused, bytes, allocations) = cost(|| Token::parse(&text, KIB_64).is_err());
        assert!(
            refused && bytes <= 1024 && allocations <= 4,
            "{bytes} bytes, {allocations}"
        );
    }
}

#[test]
fn a_key_set_of_64_kib_costs_bounded_memory() {
    let shapes = shapes()
        .into_iter()
        .map(|(shape, text)| (shape, format!("{{\"keys\":[{text}]}}")));
    let sets = [
        ("empty keys", filled(r#"{"keys":["#, "{},", "{}]}", KIB_64)),
        (
            "short keys",
            filled(
                r#"{"keys":["#,
                r#"{"kty":"x"},"#,
                r#"{"kty":"x"}]}"#,
                KIB_64,
            ),
        ),
        (
            "one name",
            filled(
                r#"{"keys":["#,
                r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},"#,
                r#"{"kty":"x"}]}"#,
                KIB_64,
            ),
        ),
    ];
    for (shape, text) in shapes.chain(sets) {
        let (_, bytes, allocations) =
            cost(|| (parse_jwks(&text).is_ok(), Key::from_jwk(&text).is_ok()));
        assert!(bytes <= BYTES_A_BYTE * KIB_64, "{shape}: {bytes} bytes");
        assert!(
            allocations <= 6 * MAX_NODES,
            "{shape}: {allocations} allocations"
        );
    }
}

/// The library makes sure of that much memory before it begins.
#[test]
fn no_text_takes_more_than_is_said_before() {
    let signer = of(Algorithm::HS256);
    let nested = [
        ("pairs", filled(r#"{"a":["#, "[0],", "[0]]}", KIB_64)),
        ("members", filled(r#"{"a":["#, r#"{"":0},"#, "0]}", KIB_64)),
        ("texts", filled(r#"{"a":["#, r#""x","#, "0]}", KIB_64)),
        (
            "named",
            filled(r#"{"a":["#, r#"{"a":{"b":0}},"#, "0]}", KIB_64),
        ),
        (
            "keys of a set",
            filled(
                r#"{"keys":["#,
                r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"k"},"#,
                r#"{"kty":"x"}]}"#,
                KIB_64,
            ),
        ),
    ];
    let roles: Vec<_> = (0..8000).map(|number| number.to_string()).collect();
    let packed = format!(
        r#"{{"fea":"{}","o":{{"per":"a,b,c,d","fpm":"{}"}}}}"#,
        vec!["o:a"; 8000].join(","),
        vec!["15"; 8000].join(",")
    );
    let read = [
        (
            "roles",
            format!(r#"{{"roles":["{}"]}}"#, roles.join("\",\"")),
        ),
        (
            "scopes",
            format!(r#"{{"scope":["{}"]}}"#, roles.join("\",\"")),
        ),
        ("packed", packed),
    ];
    let names = [
        "clerk",
        r#"{"roles":["roles","scope"],"permissions":["scope","roles"]}"#,
    ];
    let names = names.map(|names| ClaimNames::parse(names).unwrap());
    for (shape, text) in shapes().into_iter().chain(nested).chain(read) {
        let most = memory_for_json(&text);
        for names in [&None].into_iter().chain(&names) {
            let as_claims = allocated(|| {
                let object = Object::parse(&text).ok()?;
                let claims = Claims::read(&object, names.as_ref());
                Some((claims, Node::Object(object).to_json()))
            });
            assert!(as_claims <= most, "{shape}: {as_claims} of {most} bytes");
        }
        let as_keys = allocated(|| parse_jwks(&text).is_ok());
        assert!(as_keys <= most, "{shape}: {as_keys} of {most} bytes");
        let token = signer.signed(signer.header(), &text);
        let most = memory_for_token(token.len());
        let as_token = allocated(|| {
            let token = Token::parse(&token, 2 * KIB_64).ok()?;
            token.verify(&signer.key, &policy(), NOW).ok()
        });
        assert!(as_token <= most, "{shape}: {as_token} of {most} bytes");
        for names in &names {
            let named = Policy {
                names: names.clone(),
                ..policy()
            };
            let as_token = allocated(|| {
                let token = Token::parse(&token, 2 * KIB_64).ok()?;
                token.verify(&signer.key, &named, NOW).ok()
            });
            // The caller makes sure of it a second time.
            assert!(as_token <= 2 * most, "{shape}: {as_token} of {most} bytes");
        }
    }
}

/// The counter counts: else every bound above would hold of itself.
#[test]
fn the_counter_counts() {
    let (kept, bytes, allocations) = cost(|| (vec![0_u8; 1000], Box::new(0_u64)));
    assert_eq!((kept.0.len(), bytes, allocations), (1000, 1008, 2));
    let (_, bytes, _) = cost(|| drop(vec![0_u8; 5000]));
    assert_eq!(bytes, 5000);
    assert_eq!(allocated(|| (vec![0_u8; 1000], vec![0_u8; 500])), 1500);
}
