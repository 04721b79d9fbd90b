//! The rule of which issuers may be trusted side by side: none speaks for the users of another
//! unless somebody has said so.

/// How the subjects of an issuer relate to those of others.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Subjects {
    /// The namespace in which its subjects become users; `None`: a subject is a user as it is.
    pub namespace: Option<[u8; 16]>,
    /// True if somebody has said that its subjects are those of the others.
    pub shared: bool,
    /// True for the local issuer, under its present name or an earlier one. Its users are the
    /// database's own.
    pub is_local: bool,
}

impl Subjects {
    /// Returns true if the same `sub` of two issuers is the same user, and nobody has said so.
    ///
    /// It makes no difference which issuer is which. That the local issuer shares its subjects is
    /// never enough: who trusts another issuer says it of that one. The names of the local issuer
    /// are all the same issuer.
    pub fn clash(&self, other: &Self) -> bool {
        if self.is_local && other.is_local {
            return false;
        }
        let is_said = |it: &Self| it.shared && !it.is_local;
        match (self.namespace, other.namespace) {
            (None, None) => !(is_said(self) || is_said(other)),
            (one, another) => one == another,
        }
    }
}
