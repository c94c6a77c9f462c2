//! Public keys as authenticators give them (COSE, RFC 9052 and 9053), and their signatures. These two algorithms are the
//! ones that a relying party asks for to reach every authenticator (5.4, `pubKeyCredParams`).

use ciborium::Value;
use p256::ecdsa;
use rsa::{BoxedUint, PublicKey as RsaKey, pkcs1v15, signature::Verifier};
use sha2::Sha256;

use super::Refusal;

const ES256: i32 = -7;
const RS256: i32 = -257;
/// What we take, the best first.
pub(crate) const ALGORITHMS: [i32; 2] = [ES256, RS256];

/// Labels and values of COSE keys.
const KEY_TYPE: i32 = 1;
const ALGORITHM: i32 = 3;
const EC2: i32 = 2;
const EC2_CURVE: i32 = -1;
const EC2_P256: i32 = 1;
const EC2_X: i32 = -2;
const EC2_Y: i32 = -3;
const RSA: i32 = 3;
const RSA_N: i32 = -1;
const RSA_E: i32 = -2;

pub(super) enum PublicKey {
    Es256(Box<ecdsa::VerifyingKey>),
    Rs256(Box<pkcs1v15::VerifyingKey<Sha256>>),
}

const UNREADABLE: Refusal = Refusal("its key cannot be read");

impl PublicKey {
    pub(super) fn read(cose: &[u8]) -> Result<Self, Refusal> {
        let value: Value = ciborium::from_reader(cose).map_err(|_| UNREADABLE)?;
        let fields = Fields(value.into_map().map_err(|_| UNREADABLE)?);
        match (fields.number(KEY_TYPE)?, fields.number(ALGORITHM)?) {
            (EC2, ES256) if fields.number(EC2_CURVE)? == EC2_P256 => es256(&fields),
            (RSA, RS256) => rs256(&fields),
            _ => Err(Refusal("its algorithm is none of those that were asked for")),
        }
    }

    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Refusal> {
        const WRONG: Refusal = Refusal("its signature is wrong");
        match self {
            Self::Es256(key) => {
                let signature = ecdsa::Signature::from_der(signature).map_err(|_| WRONG)?;
                key.verify(message, &signature).map_err(|_| WRONG)
            }
            Self::Rs256(key) => {
                let signature = pkcs1v15::Signature::try_from(signature).map_err(|_| WRONG)?;
                key.verify(message, &signature).map_err(|_| WRONG)
            }
        }
    }
}

fn es256(fields: &Fields) -> Result<PublicKey, Refusal> {
    let (x, y) = (fields.bytes(EC2_X)?, fields.bytes(EC2_Y)?);
    if x.len() != 32 || y.len() != 32 {
        return Err(UNREADABLE);
    }
    // SEC 1, 2.3.4: the point, uncompressed. One that is not on the curve is refused.
    let point = [&[4], x, y].concat();
    let key = ecdsa::VerifyingKey::from_sec1_bytes(&point).map_err(|_| UNREADABLE)?;
    Ok(PublicKey::Es256(Box::new(key)))
}

fn rs256(fields: &Fields) -> Result<PublicKey, Refusal> {
    let number = |label| fields.bytes(label).map(BoxedUint::from_be_slice_vartime);
    // Checks sizes: 2048 to 4096 bits, and a small exponent.
    let key = RsaKey::new(number(RSA_N)?, number(RSA_E)?).map_err(|_| UNREADABLE)?;
    Ok(PublicKey::Rs256(Box::new(pkcs1v15::VerifyingKey::new(key))))
}

/// The fields of a COSE key.
struct Fields(Vec<(Value, Value)>);

impl Fields {
    fn get(&self, label: i32) -> Result<&Value, Refusal> {
        let mut found = self.0.iter().filter(|(name, _)| number(name) == Some(label));
        match (found.next(), found.next()) {
            (Some((_, value)), None) => Ok(value),
            _ => Err(UNREADABLE),
        }
    }

    fn number(&self, label: i32) -> Result<i32, Refusal> {
        number(self.get(label)?).ok_or(UNREADABLE)
    }

    fn bytes(&self, label: i32) -> Result<&[u8], Refusal> {
        self.get(label)?.as_bytes().map(Vec::as_slice).ok_or(UNREADABLE)
    }
}

fn number(value: &Value) -> Option<i32> {
    value.as_integer()?.try_into().ok()
}
