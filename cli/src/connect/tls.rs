//! TLS as libpq's parameters say: whom to trust, what of a certificate to check, and what to show
//! of this client.

use super::Address;
use crate::error::{Error, Result};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    SupportedProtocolVersion,
};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_postgres_rustls::MakeRustlsConnect;
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::der::asn1::{PrintableStringRef, Utf8StringRef};
use x509_cert::der::oid::db::rfc4519::COMMON_NAME;
use x509_cert::der::oid::db::rfc5280::ID_CE_SUBJECT_ALT_NAME;

/// How much an address wants of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Never.
    Disable,
    /// Only if the server wants no connection without it.
    Allow,
    /// If the server has it.
    Prefer,
    /// Always.
    Require,
}

/// How TLS is spoken with the servers of one address.
pub struct Tls {
    /// How much of it there is.
    pub mode: Mode,
    /// If true, the handshake begins without asking the server first.
    pub direct: bool,
    /// What makes the connections.
    pub connector: MakeRustlsConnect,
}

impl Tls {
    /// Reads the parameters of an address, and the files that they name.
    pub fn of(address: &Address) -> Result<Self> {
        let system = address.get("sslrootcert") == Some("system");
        let modes = match system {
            // As in libpq: the authorities of the system vouch for everybody, so the name counts.
            true => &["verify-full"][..],
            false => &[
                "prefer",
                "disable",
                "allow",
                "require",
                "verify-ca",
                "verify-full",
            ],
        };
        let sslmode = address.word("sslmode", modes)?;
        let direct = address.word("sslnegotiation", &["postgres", "direct"])? == "direct";
        let (mode, checked) = match sslmode {
            "disable" => (Mode::Disable, false),
            "allow" => (Mode::Allow, false),
            "prefer" => (Mode::Prefer, false),
            "require" => (Mode::Require, false),
            _ => (Mode::Require, true),
        };
        if direct && mode != Mode::Require {
            return Err(Error::new(format!(
                "sslmode {sslmode} may not be used with sslnegotiation direct"
            ))
            .hint("Use sslmode require, verify-ca or verify-full."));
        }
        let provider = Arc::new(aws_lc_rs::default_provider());
        let roots = match mode {
            Mode::Disable => None,
            _ => Roots::of(address, checked)?,
        };
        let verifier = Arc::new(Verifier {
            roots,
            by_name: sslmode == "verify-full",
            provider: Arc::clone(&provider),
        });
        let unverified = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&versions(address)?)
            .map_err(|error| Error::new(format!("TLS cannot be set up: {error}")))?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let mut config = match own_certificate(address)? {
            Some((chain, key)) if mode != Mode::Disable => unverified
                .with_client_auth_cert(chain, key)
                .map_err(|error| Error::new(format!("sslcert and sslkey do not fit: {error}")))?,
            _ => unverified.with_no_client_auth(),
        };
        config.enable_sni = address.word("sslsni", &["1", "0"])? == "1";
        if direct {
            config.alpn_protocols = vec![b"postgresql".to_vec()];
        }
        Ok(Self {
            mode,
            direct,
            connector: MakeRustlsConnect::new(config),
        })
    }
}

/// The versions of TLS that the address allows. There is nothing older than 1.2.
fn versions(address: &Address) -> Result<Vec<&'static SupportedProtocolVersion>> {
    let words = ["", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"];
    let place = |name| -> Result<usize> {
        let word = address.word(name, &words)?;
        Ok(words.iter().position(|of| *of == word).unwrap_or(0))
    };
    let lowest = place("ssl_min_protocol_version")?;
    let highest = match place("ssl_max_protocol_version")? {
        0 => words.len(),
        highest => highest,
    };
    let all = [(3, &rustls::version::TLS12), (4, &rustls::version::TLS13)];
    let allowed: Vec<_> = all
        .into_iter()
        .filter(|(place, _)| (lowest..=highest).contains(place))
        .map(|(_, version)| version)
        .collect();
    match allowed.is_empty() {
        false => Ok(allowed),
        true => Err(Error::new("the address allows no version of TLS that is spoken here")
            .hint("TLSv1.2 and TLSv1.3 are: see ssl_min_protocol_version and ssl_max_protocol_version.")),
    }
}

/// A file in the user's directory for libpq.
fn of_user(name: &str) -> Option<PathBuf> {
    Some(std::env::home_dir()?.join(".postgresql").join(name))
}

fn unreadable(what: &str, file: &Path, error: impl std::fmt::Display) -> Error {
    Error::new(format!("cannot read {what} {}: {error}", file.display()))
}

/// The certificate of this client and its key, if there is one.
fn own_certificate(
    address: &Address,
) -> Result<Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>> {
    if address.get("sslcertmode") == Some("disable") {
        return Ok(None);
    }
    let file = |parameter: &str, usual: &str| match address.get(parameter) {
        Some(file) => Some(PathBuf::from(file)),
        None => of_user(usual).filter(|file| file.exists()),
    };
    let Some(certificate) = file("sslcert", "postgresql.crt") else {
        return Ok(None);
    };
    let chain = certificates(&certificate)?;
    let Some(key) = file("sslkey", "postgresql.key") else {
        return Err(Error::new("there is a certificate, but no key")
            .hint("Name the file of the key: PGSSLKEY, or sslkey in the address."));
    };
    let about = fs::metadata(&key).map_err(|error| unreadable("key", &key, error))?;
    // As in libpq: root may keep keys that a group can read.
    let others = if about.uid() == 0 { 0o037 } else { 0o077 };
    if about.mode() & others != 0 {
        return Err(
            Error::new(format!("others may read the key {}", key.display()))
                .hint("Run chmod 0600 on it."),
        );
    }
    let read = PrivateKeyDer::from_pem_file(&key).map_err(|error| {
        unreadable("key", &key, error).hint("It has to be in PEM, without a passphrase.")
    })?;
    Ok(Some((chain, read)))
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let read = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect::<std::result::Result<Vec<_>, _>>)
        .map_err(|error| unreadable("certificate", file, error))?;
    match read.is_empty() {
        false => Ok(read),
        true => Err(Error::new(format!("{} has no certificate", file.display()))),
    }
}

/// The certificates that are trusted.
#[derive(Debug)]
struct Roots {
    store: RootCertStore,
    exact: Vec<CertificateDer<'static>>,
}

impl Roots {
    /// The roots of an address: those of the system, or of a file. Without any, only a connection
    /// that has to be checked is an error.
    fn of(address: &Address, checked: bool) -> Result<Option<Self>> {
        let exact = match address.get("sslrootcert") {
            Some("system") => {
                let found = rustls_native_certs::load_native_certs();
                if found.certs.is_empty() {
                    return Err(Error::new("this system has no root certificates")
                        .hint("Install ca-certificates, or name a file: PGSSLROOTCERT."));
                }
                found.certs
            }
            Some(file) => certificates(Path::new(file))?,
            None => match of_user("root.crt").filter(|file| file.exists()) {
                Some(file) => certificates(&file)?,
                None if checked => {
                    return Err(Error::new("no root certificate is named").hint(
                        "Name the file of your server's authority, or system: PGSSLROOTCERT, or sslrootcert in the address.",
                    ));
                }
                None => return Ok(None),
            },
        };
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(exact.iter().cloned());
        Ok(Some(Self { store, exact }))
    }
}

/// Checks what the address wants checked of a server's certificate. The proof that the server has
/// the certificate's key is always checked.
#[derive(Debug)]
struct Verifier {
    roots: Option<Roots>,
    by_name: bool,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        let Some(roots) = &self.roots else {
            return Ok(ServerCertVerified::assertion());
        };
        match roots.exact.iter().any(|root| root == end_entity) {
            // A server's own certificate may be the one that is trusted.
            true => check_time(end_entity, now)?,
            false => verify_server_cert_signed_by_trust_anchor(
                &ParsedCertificate::try_from(end_entity)?,
                &roots.store,
                intermediates,
                now,
                self.provider.signature_verification_algorithms.all,
            )?,
        }
        if self.by_name {
            check_name(end_entity, server_name)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

fn parsed(certificate: &CertificateDer<'_>) -> std::result::Result<Certificate, rustls::Error> {
    Certificate::from_der(certificate).map_err(|_| CertificateError::BadEncoding.into())
}

fn check_time(
    certificate: &CertificateDer<'_>,
    now: UnixTime,
) -> std::result::Result<(), rustls::Error> {
    let validity = parsed(certificate)?.tbs_certificate.validity;
    let now = now.as_secs();
    if now < validity.not_before.to_unix_duration().as_secs() {
        return Err(CertificateError::NotValidYet.into());
    }
    if now > validity.not_after.to_unix_duration().as_secs() {
        return Err(CertificateError::Expired.into());
    }
    Ok(())
}

/// Checks that a certificate is of this host. As in libpq, the common name counts only if there are
/// no alternative names.
fn check_name(
    certificate: &CertificateDer<'_>,
    name: &ServerName<'_>,
) -> std::result::Result<(), rustls::Error> {
    let subject = parsed(certificate)?.tbs_certificate;
    let mut extensions = subject.extensions.iter().flatten();
    if extensions.any(|extension| extension.extn_id == ID_CE_SUBJECT_ALT_NAME) {
        return verify_server_name(&ParsedCertificate::try_from(certificate)?, name);
    }
    let wanted = name.to_str();
    let names = subject.subject.0.iter().flat_map(|part| part.0.iter());
    let common = names
        .filter(|part| part.oid == COMMON_NAME)
        .filter_map(|part| {
            let utf8 = part.value.decode_as::<Utf8StringRef<'_>>();
            let printable = part.value.decode_as::<PrintableStringRef<'_>>();
            utf8.map(|text| text.as_str())
                .or(printable.map(|text| text.as_str()))
                .ok()
        })
        .next_back();
    match common {
        Some(common) if fits(common, &wanted) => Ok(()),
        _ => Err(CertificateError::NotValidForName.into()),
    }
}

/// Returns true if a name of a certificate, perhaps `*.example.com`, is that of a host.
fn fits(pattern: &str, host: &str) -> bool {
    let host = host.trim_end_matches('.');
    if pattern.eq_ignore_ascii_case(host) {
        return true;
    }
    let (Some(domain), Some((first, rest))) = (pattern.strip_prefix("*."), host.split_once('.'))
    else {
        return false;
    };
    // A number is no name below a domain.
    !first.is_empty()
        && host.parse::<std::net::IpAddr>().is_err()
        && domain.eq_ignore_ascii_case(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(given: &str) -> Result<Mode> {
        let address = Address::of(Some(given), &|_| None)?;
        Ok(Tls::of(&address)?.mode)
    }

    #[test]
    fn each_mode_says_how_much_tls_there_is() {
        for (given, mode) in [
            ("host=a", Mode::Prefer),
            ("host=a sslmode=disable", Mode::Disable),
            ("host=a sslmode=allow", Mode::Allow),
            (
                "host=a sslmode=require sslnegotiation=direct",
                Mode::Require,
            ),
        ] {
            assert_eq!(of(given).unwrap(), mode, "{given}");
        }
    }

    #[test]
    fn what_cannot_be_checked_is_refused() {
        for given in [
            "host=a sslmode=always",
            "host=a sslmode=require sslrootcert=system",
            "host=a sslmode=verify-full sslrootcert=/nonexistent",
            "host=a sslmode=require sslrootcert=/nonexistent",
            "host=a sslmode=require sslcert=/nonexistent",
            "host=a sslmode=prefer sslnegotiation=direct",
            "host=a ssl_max_protocol_version=TLSv1.1",
            "host=a ssl_min_protocol_version=SSLv3",
        ] {
            assert!(of(given).is_err(), "{given}");
        }
        assert!(
            of("host=a ssl_min_protocol_version=TLSv1 ssl_max_protocol_version=TLSv1.2").is_ok()
        );
    }

    #[test]
    fn a_common_name_fits_one_host_or_one_label() {
        assert!(fits("DB.example.com", "db.example.com"));
        assert!(fits("*.example.com", "db.example.com."));
        assert!(fits("127.0.0.1", "127.0.0.1"));
        for (pattern, host) in [
            ("*.example.com", "example.com"),
            ("*.example.com", "a.db.example.com"),
            ("*.0.0.1", "127.0.0.1"),
            ("*", "localhost"),
            ("example.com", "db.example.com"),
            ("*.example.com", ".example.com"),
        ] {
            assert!(!fits(pattern, host), "{pattern} {host}");
        }
    }
}
