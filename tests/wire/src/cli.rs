//! The command line `authguard`: built once, run as a person or a CI system would run it.

use pgrx_embed::cluster::Cluster;
use pgrx_embed::user::ServerUser;
use pgrx_embed::{command, dirs};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use serde_json::Value;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// What the program has said.
#[derive(Debug)]
pub struct Told {
    /// The exit status.
    pub status: i32,
    /// What is on stdout.
    pub out: String,
    /// What is on stderr.
    pub err: String,
}

impl Told {
    /// Stdout as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// The program. The first call builds it.
pub fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let mut cargo = Command::new("cargo");
        cargo
            .current_dir(dirs::checkout())
            .args(["build", "--package", "authguard-cli"]);
        command::capture(&mut cargo).expect("the program is built");
        dirs::target("debug").join("authguard")
    })
}

/// A command with arguments, in an empty home: nothing of the tester's environment is left.
pub fn authguard<'a>(home: &Path, arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new(program());
    command
        .args(arguments)
        .env_clear()
        .env("HOME", home)
        .current_dir(home);
    command
}

/// Runs a command to its end.
pub fn run(command: &mut Command) -> Told {
    let output = command.output().expect("the program runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the program says UTF-8");
    Told {
        status: output.status.code().expect("no signal has ended it"),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

/// Makes a directory that stands for the home of somebody who runs the program.
pub fn home(cluster: &Cluster, name: &str) -> PathBuf {
    let home = cluster.dir().join(name);
    fs::create_dir(&home).expect("the home is made");
    home
}

/// An authority, whose certificates the server and its clients may have.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its own certificate, in PEM.
    pub certificate: String,
}

impl Authority {
    /// Makes an authority of this name.
    pub fn new(name: &str) -> Self {
        let key = KeyPair::generate().expect("a key is made");
        let mut params = CertificateParams::new([]).expect("no names are right names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let certificate = params.self_signed(&key).expect("it signs itself").pem();
        Self {
            issuer: Issuer::new(params, key),
            certificate,
        }
    }

    /// Its own certificate and its key, in PEM.
    pub fn self_signed(&self) -> (String, String) {
        (self.certificate.clone(), self.issuer.key().serialize_pem())
    }

    /// A certificate for these hosts and its key, in PEM.
    pub fn sign(&self, common_name: &str, hosts: &[&str]) -> (String, String) {
        let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let key = KeyPair::generate().expect("a key is made");
        let mut params = CertificateParams::new(hosts).expect("the names are right");
        params
            .distinguished_name
            .push(DnType::CommonName, common_name);
        let certificate = params.signed_by(&key, &self.issuer).expect("it is signed");
        (certificate.pem(), key.serialize_pem())
    }
}

/// Writes a file that only its owner may read.
pub fn write_secret(file: &Path, text: &str) {
    fs::write(file, text).expect("the file is written");
    fs::set_permissions(file, Permissions::from_mode(0o600)).expect("it is closed");
}

/// Switches TLS on, with this certificate. Clients may show certificates of the authority.
pub fn serve_tls(cluster: &Cluster, authority: &Authority, (certificate, key): &(String, String)) {
    let user = ServerUser::needed().expect("a user runs the server");
    let texts = [
        ("server.crt", certificate),
        ("server.key", key),
        ("root.crt", &authority.certificate),
    ];
    for (name, text) in texts {
        let file = cluster.data().join(name);
        write_secret(&file, text);
        if let Some(user) = &user {
            user.give(&file).expect("the server owns it");
        }
    }
    cluster
        .configure(&[("ssl", "on"), ("ssl_ca_file", "root.crt")])
        .expect("the server is configured");
}

/// Puts lines before those of pg_hba.conf, for new connections.
pub fn admit(cluster: &Cluster, lines: &str) {
    let file = cluster.data().join("pg_hba.conf");
    let usual = fs::read_to_string(&file).expect("the file is read");
    fs::write(&file, format!("{lines}\n{usual}")).expect("the file is written");
    cluster.configure(&[]).expect("the server reads it");
}
