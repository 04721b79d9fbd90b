//! How the command line finds a server and speaks with it: as psql would, by the same settings.

use authguard_wire::cli::{Authority, Told, admit, authguard, home, run, serve_tls, write_secret};
use pgrx_embed::cluster::{Cluster, Config};
use pgrx_embed::postgres::Install;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Stdio;
use std::thread;

const PASSWORD: &str = "open sesame %41";

/// A server with a database without the extension, and a role with a password.
fn server() -> Cluster {
    let install = Install::from_env().expect("AUTHGUARD_PG_BIN");
    let cluster = Cluster::create(&install, Config::default()).expect("the server starts");
    cluster
        .connect("postgres", "postgres")
        .unwrap()
        .batch_execute(&format!("create role weak login password '{PASSWORD}'"))
        .unwrap();
    cluster
}

/// Lints with a connection and an environment.
fn lint(home: &Path, connection: Option<&str>, environment: &[(&str, &str)]) -> Told {
    let arguments = ["lint"].into_iter().chain(connection);
    let told = run(authguard(home, arguments).envs(environment.iter().copied()));
    for secret in [PASSWORD, "sesame", "wrong pass"] {
        assert!(!format!("{told:?}").contains(secret), "{told:?}");
    }
    told
}

/// The program is let in.
fn let_in(told: &Told) {
    assert_eq!(told.status, 0, "{told:?}");
}

/// The program is not, and says why.
fn kept_out(told: &Told, why: &str) {
    assert_eq!(told.status, 2, "{told:?}");
    assert!(told.err.contains(why), "{told:?}");
}

#[test]
fn a_server_is_found_as_psql_finds_it_and_no_password_is_shown() {
    let cluster = server();
    admit(&cluster, "host all weak 127.0.0.1/32 scram-sha-256");
    let home = home(&cluster, "home");
    let port = cluster.port().to_string();
    let socket = cluster.dir().to_string_lossy().into_owned();

    // A socket, as a pair and as a URI, and over the environment.
    let pairs = format!("host={socket} port={port} user=weak dbname=postgres");
    let_in(&lint(&home, Some(&pairs), &[]));
    let encoded = socket.replace('/', "%2F");
    let_in(&lint(
        &home,
        Some(&format!("postgresql://weak@{encoded}:{port}/postgres")),
        &[],
    ));
    let environment = [
        ("PGHOST", "127.0.0.1"),
        ("PGPORT", &port),
        ("PGUSER", "weak"),
        ("PGDATABASE", "postgres"),
    ];
    let with = |name, value| [&environment[..], &[(name, value)]].concat();
    kept_out(&lint(&home, None, &environment), "HINT:  Set PGPASSWORD");
    let_in(&lint(&home, None, &with("PGPASSWORD", PASSWORD)));
    kept_out(
        &lint(&home, None, &with("PGPASSWORD", "wrong pass")),
        "SQLSTATE 28P01",
    );

    // A URI has its password encoded. What is wrong with one is said without it.
    let uri = |password: &str, rest: &str| {
        format!("postgresql://weak:{password}@127.0.0.1:{port}/{rest}")
    };
    let_in(&lint(
        &home,
        Some(&uri("open%20sesame%20%2541", "postgres")),
        &[],
    ));
    kept_out(
        &lint(&home, Some(&uri("wrong%20pass", "postgres")), &[]),
        "SQLSTATE 28P01",
    );
    kept_out(
        &lint(&home, Some(&uri("sesame%zz", "postgres")), &[]),
        "percent sign",
    );
    kept_out(
        &lint(&home, Some(&uri("open%20sesame%20%2541", "none")), &[]),
        "SQLSTATE 3D000",
    );
    kept_out(
        &lint(&home, Some("host=127.0.0.1 password=a sesame"), &[]),
        "no value",
    );
    let refused = lint(
        &home,
        Some(&format!("{}?pgbouncer=true", uri("sesame", "d"))),
        &[],
    );
    kept_out(&refused, "\"pgbouncer\"");

    // A password file, which others may not read, and a service.
    let passfile = home.join(".pgpass");
    write_secret(&passfile, &format!("127.0.0.1:{port}:*:weak:{PASSWORD}\n"));
    let_in(&lint(&home, None, &environment));
    std::fs::set_permissions(
        &passfile,
        std::os::unix::fs::PermissionsExt::from_mode(0o644),
    )
    .unwrap();
    kept_out(&lint(&home, None, &environment), "others may read it");
    let service = format!(
        "[app]\nhost=127.0.0.1\nport={port}\nuser=weak\ndbname=postgres\npassword={PASSWORD}\n"
    );
    std::fs::write(home.join(".pg_service.conf"), service).unwrap();
    let_in(&lint(&home, None, &[("PGSERVICE", "app")]));
    let_in(&lint(&home, Some("service=app"), &[]));
    kept_out(&lint(&home, Some("service=none"), &[]), "no service");

    // The next host is tried if one does not answer, but not if one refuses.
    let closed = Cluster::free_port().unwrap();
    let two = format!("postgresql://weak@127.0.0.1:{closed},127.0.0.1:{port}/postgres");
    let_in(&lint(&home, Some(&two), &[("PGPASSWORD", PASSWORD)]));
    kept_out(
        &lint(&home, Some(&two), &[("PGPASSWORD", "wrong pass")]),
        "28P01",
    );
    let primary = format!("{two}?target_session_attrs=primary");
    let_in(&lint(&home, Some(&primary), &[("PGPASSWORD", PASSWORD)]));
    let standby = format!("{two}?target_session_attrs=standby");
    kept_out(
        &lint(&home, Some(&standby), &[("PGPASSWORD", PASSWORD)]),
        "not standby",
    );
    let nowhere = format!("postgresql://weak@127.0.0.1:{closed}/postgres");
    kept_out(
        &lint(&home, Some(&nowhere), &[]),
        &format!("host 127.0.0.1, port {closed}"),
    );
}

#[test]
fn tls_is_spoken_and_checked_as_sslmode_says() {
    let cluster = server();
    let home = home(&cluster, "home");
    let port = cluster.port();
    let authority = Authority::new("an authority");
    let other = Authority::new("another authority");
    let root = home.join("authority.crt");
    std::fs::write(&root, &authority.certificate).unwrap();
    let other_root = home.join("other.crt");
    std::fs::write(&other_root, &other.certificate).unwrap();
    let (root, other_root) = (root.display(), other_root.display());
    let of = |user: &str, rest: &str| {
        let given = format!(
            "host=localhost hostaddr=127.0.0.1 port={port} user={user} dbname=postgres {rest}"
        );
        lint(&home, Some(&given), &[("PGPASSWORD", PASSWORD)])
    };

    // Without TLS in the server.
    kept_out(&of("weak", "sslmode=require"), "does not support TLS");
    let_in(&of("weak", "sslmode=prefer"));

    serve_tls(
        &cluster,
        &authority,
        &authority.sign("server", &["localhost"]),
    );
    let mut admin = cluster.connect("postgres", "postgres").unwrap();
    admin
        .batch_execute(
            "create role encrypted login; create role plain login; create role certified login",
        )
        .unwrap();
    admit(
        &cluster,
        "hostssl all encrypted all trust\nhost all encrypted all reject\nhostnossl all plain all trust\n\
         host all plain all reject\nhostssl all certified all cert\nhost all certified all reject\n\
         host all weak all scram-sha-256",
    );

    // Each mode with a role that has to use TLS, and with one that must not.
    for (mode, encrypted, plain) in [
        ("disable", false, true),
        ("allow", true, true),
        ("prefer", true, true),
        ("require", true, false),
    ] {
        for (user, expected) in [("encrypted", encrypted), ("plain", plain)] {
            let told = of(user, &format!("sslmode={mode}"));
            match expected {
                true => let_in(&told),
                false => kept_out(&told, "SQLSTATE 28000"),
            }
        }
    }

    // Who has signed the certificate, and for whom.
    let_in(&of(
        "encrypted",
        &format!("sslmode=verify-full sslrootcert={root}"),
    ));
    let_in(&of(
        "encrypted",
        &format!("sslmode=verify-ca sslrootcert={root}"),
    ));
    kept_out(
        &of("encrypted", "sslmode=verify-full"),
        "no root certificate",
    );
    for mode in ["require", "verify-ca", "verify-full"] {
        let told = of(
            "encrypted",
            &format!("sslmode={mode} sslrootcert={other_root}"),
        );
        kept_out(&told, "UnknownIssuer");
    }
    let by_number = |mode: &str| {
        let given = format!(
            "host=127.0.0.1 port={port} user=encrypted dbname=postgres sslmode={mode} sslrootcert={root}"
        );
        lint(&home, Some(&given), &[])
    };
    let_in(&by_number("verify-ca"));
    kept_out(&by_number("verify-full"), "another host");
    let system = of("encrypted", "sslrootcert=system");
    assert_eq!(system.status, 2, "{system:?}");

    // The same by the environment, and by the file in the user's home.
    let told = run(authguard(
        &home,
        [
            "lint",
            &format!("postgresql://encrypted@localhost:{port}/postgres"),
        ],
    )
    .envs([
        ("PGSSLMODE", "verify-full"),
        ("PGSSLROOTCERT", &root.to_string()),
    ]));
    let_in(&told);
    let of_user = home.join(".postgresql");
    std::fs::create_dir(&of_user).unwrap();
    std::fs::write(of_user.join("root.crt"), &other.certificate).unwrap();
    kept_out(&of("encrypted", "sslmode=require"), "UnknownIssuer");
    std::fs::write(of_user.join("root.crt"), &authority.certificate).unwrap();
    let_in(&of("encrypted", "sslmode=verify-full"));

    // The password is bound to this certificate, as hosted servers ask for.
    let_in(&of("weak", "sslmode=require channel_binding=require"));
    kept_out(
        &of("weak", "sslmode=disable channel_binding=require"),
        "hannel binding",
    );

    // The client's own certificate, whose key nobody else may read.
    kept_out(&of("certified", "sslmode=require"), "SQLSTATE 28000");
    let (certificate, key) = authority.sign("certified", &[]);
    std::fs::write(of_user.join("postgresql.crt"), certificate).unwrap();
    write_secret(&of_user.join("postgresql.key"), &key);
    let_in(&of("certified", "sslmode=require"));
    std::fs::set_permissions(
        of_user.join("postgresql.key"),
        std::os::unix::fs::PermissionsExt::from_mode(0o644),
    )
    .unwrap();
    kept_out(
        &of("certified", "sslmode=require"),
        "others may read the key",
    );
    std::fs::remove_dir_all(of_user).unwrap();

    // A certificate that is trusted itself; one that names its host in the old way.
    let own = Authority::new("localhost");
    drop(admin);
    let (certificate, key) = own.self_signed();
    serve_tls(&cluster, &own, &(certificate.clone(), key));
    let file = home.join("own.crt");
    std::fs::write(&file, certificate).unwrap();
    let_in(&of(
        "encrypted",
        &format!("sslmode=verify-full sslrootcert={}", file.display()),
    ));
    kept_out(
        &of(
            "encrypted",
            &format!("sslmode=verify-ca sslrootcert={root}"),
        ),
        "certificate",
    );
}

/// Listens for one connection and does something with it. Returns the port.
fn listen(serve: impl FnOnce(&mut TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || serve(&mut listener.accept().unwrap().0));
    port
}

#[test]
fn a_server_that_is_none_or_hostile_neither_holds_the_program_nor_steers_the_terminal() {
    let home = std::env::temp_dir().join(format!("authguard-cli-hostile-{}", std::process::id()));
    std::fs::create_dir_all(&home).unwrap();
    let uri =
        |port: u16| format!("postgresql://weak:sesame@127.0.0.1:{port}/app?connect_timeout=2");

    // One takes the connection and says nothing; another one begins to speak TLS, and stops.
    let silent = listen(|_| thread::park());
    let half = listen(|client| {
        client.read_exact(&mut [0; 8]).unwrap();
        client.write_all(b"S").unwrap();
        thread::park();
    });
    for port in [silent, half] {
        kept_out(
            &lint(&home, Some(&uri(port)), &[]),
            "does not answer in time",
        );
    }

    // An error may have anything in it.
    let body = b"SFATAL\0C28P01\0Mno\x1b]0;title\x07\xc2\x9b31m\xe2\x80\xae\nline\0H\x1b[2J\0\0";
    let hostile = listen(move |client| {
        client.read_exact(&mut [0; 8]).unwrap();
        client.write_all(b"N").unwrap();
        let mut length = [0; 4];
        client.read_exact(&mut length).unwrap();
        let rest = u32::from_be_bytes(length) - 4;
        std::io::copy(&mut client.take(u64::from(rest)), &mut std::io::sink()).unwrap();
        let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
        client
            .write_all(&[b"E", &length[..], body].concat())
            .unwrap();
    });
    let told = lint(&home, Some(&uri(hostile)), &[]);
    kept_out(&told, "no\\u{1b}]0;title\\u{7}\\u{9b}31m\\u{202e}\nline");
    assert!(
        !told.err.chars().any(|c| c.is_control() && c != '\n'),
        "{told:?}"
    );

    // Nobody reads stderr: the exit status is the same.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = authguard(&home, ["lint", "--config", "none.toml"]);
    let status = command.stderr(Stdio::from(writer)).status().unwrap();
    assert_eq!(status.code(), Some(2));
    std::fs::remove_dir_all(home).unwrap();
}
