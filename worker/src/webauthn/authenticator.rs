//! What the authenticator says (6.1, authenticator data):
//!
//! ```text
//! 32 hash of the relying party's id │ 1 flags │ 4 counter │ when it is new: 16 model │ 2 n │ n id │ key as COSE │ extensions
//! ```

use ciborium::Value;

use super::Refusal;

const USER_PRESENT: u8 = 1 << 0;
const USER_VERIFIED: u8 = 1 << 2;
const BACKUP_ELIGIBLE: u8 = 1 << 3;
const BACKED_UP: u8 = 1 << 4;
const HAS_CREDENTIAL: u8 = 1 << 6;
/// 7.1, step 25.
const CREDENTIAL_ID_MAX: usize = 1023;

#[derive(Debug)]
pub(super) struct AuthenticatorData<'a> {
    pub(super) rp_id_hash: &'a [u8],
    pub(super) user_present: bool,
    pub(super) user_verified: bool,
    pub(super) counter: u32,
    pub(super) credential: Option<NewCredential<'a>>,
}

/// The key of a new passkey, and what it is called.
#[derive(Debug)]
pub(super) struct NewCredential<'a> {
    pub(super) id: &'a [u8],
    /// COSE.
    pub(super) public_key: &'a [u8],
}

const SHORT: Refusal = Refusal("what the authenticator says is cut short");

impl<'a> AuthenticatorData<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, Refusal> {
        let (rp_id_hash, rest) = bytes.split_at_checked(32).ok_or(SHORT)?;
        let ([flags], rest) = rest.split_first_chunk().ok_or(SHORT)?;
        let (counter, rest) = rest.split_first_chunk().ok_or(SHORT)?;
        let has = |flag| flags & flag != 0;
        if has(BACKED_UP) && !has(BACKUP_ELIGIBLE) {
            return Err(Refusal("its flags contradict each other"));
        }
        Ok(Self {
            rp_id_hash,
            user_present: has(USER_PRESENT),
            user_verified: has(USER_VERIFIED),
            counter: u32::from_be_bytes(*counter),
            credential: if has(HAS_CREDENTIAL) { Some(NewCredential::read(rest)?) } else { None },
        })
    }
}

impl<'a> NewCredential<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, Refusal> {
        let (_, rest) = bytes.split_at_checked(16).ok_or(SHORT)?;
        let (length, rest) = rest.split_first_chunk().ok_or(SHORT)?;
        let length = usize::from(u16::from_be_bytes(*length));
        if length > CREDENTIAL_ID_MAX {
            return Err(Refusal("its id is too long"));
        }
        let (id, key) = rest.split_at_checked(length).ok_or(SHORT)?;
        // Extensions may follow: only reading the key says where it ends.
        let mut after = key;
        let _: Value = ciborium::from_reader(&mut after).map_err(|_| Refusal("its key cannot be read"))?;
        let public_key = key.get(..key.len() - after.len()).ok_or(SHORT)?;
        Ok(Self { id, public_key })
    }
}

/// The authenticator data in an attestation object (6.5.4).
pub(super) fn data_of(object: &[u8]) -> Result<Vec<u8>, Refusal> {
    let unreadable = Refusal("the attestation object cannot be read");
    let value: Value = ciborium::from_reader(object).map_err(|_| unreadable)?;
    let mut fields = value.into_map().map_err(|_| unreadable)?.into_iter();
    let data = fields.find(|(name, _)| name.as_text() == Some("authData")).ok_or(unreadable)?;
    data.1.into_bytes().map_err(|_| unreadable)
}
