//! Somebody for whom something is tried: a role and its claims.

use crate::explain::as_identity;
use crate::server::{Server, ServerError};
use serde_json::Value;

/// A role with claims, under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The name in what is shown.
    pub name: String,
    /// The role.
    pub role: String,
    /// The claims as JSON, or nothing for a request without any.
    pub claims: Option<String>,
}

impl Identity {
    /// Reads `[{"name": "ada", "role": "authenticated", "claims": {…}}]`. Without a role, that of
    /// the claims counts. Without a name, the role is the name.
    ///
    /// # Errors
    ///
    /// 22023 if it is something else, or if two have the same name.
    pub fn list(json: &str) -> Result<Vec<Self>, ServerError> {
        let value = serde_json::from_str(json).unwrap_or_default();
        let Value::Array(values) = value else {
            return Err(wrong("identities must be an array of objects"));
        };
        let mut all: Vec<Self> = Vec::with_capacity(values.len());
        for value in &values {
            let identity = Self::of(value)?;
            if all.iter().any(|other| other.name == identity.name) {
                let message = format!("identity \"{}\" is given twice", identity.name);
                return Err(wrong(&message));
            }
            all.push(identity);
        }
        Ok(all)
    }

    fn of(value: &Value) -> Result<Self, ServerError> {
        let Value::Object(fields) = value else {
            return Err(wrong("an identity must be an object"));
        };
        if let Some(other) = fields
            .keys()
            .find(|key| !["name", "role", "claims"].contains(&key.as_str()))
        {
            let message = format!("an identity has no field \"{other}\"");
            return Err(wrong(&message));
        }
        let text = |name| match fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(wrong(&format!("the {name} of an identity must be a text"))),
        };
        let claims = match fields.get("claims") {
            None | Some(Value::Null) => None,
            Some(claims @ Value::Object(_)) => Some(claims),
            Some(_) => return Err(wrong("the claims of an identity must be an object")),
        };
        let claimed = claims.and_then(|claims| claims.get("role")?.as_str());
        let role = text("role")?.or_else(|| claimed.map(str::to_owned));
        let Some(role) = role else {
            return Err(wrong("an identity must have a role"));
        };
        Ok(Self {
            name: text("name")?.unwrap_or_else(|| role.clone()),
            role,
            claims: claims.map(Value::to_string),
        })
    }

    /// Becomes this identity until the current subtransaction is rolled back.
    ///
    /// # Errors
    ///
    /// As [`as_identity`].
    pub(crate) fn assume(&self, server: &mut dyn Server) -> Result<(), ServerError> {
        let policies_apply = "select pg_catalog.set_config('row_security', 'on', true)";
        server.query(policies_apply, &[])?;
        let claims = self.claims.as_deref().unwrap_or("null");
        as_identity(server, Some(claims), Some(&self.role))
    }
}

fn wrong(message: &str) -> ServerError {
    ServerError {
        sqlstate: "22023".to_owned(),
        message: message.to_owned(),
        detail: None,
        hint: Some(
            "Write for example [{\"name\": \"ada\", \"role\": \"authenticated\", \"claims\": \
             {\"sub\": \"1\"}}]."
                .to_owned(),
        ),
    }
}
