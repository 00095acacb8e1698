//! The tokens themselves, through `cryptoki`.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use affineur_tuf::edit::SharedSigner;
use affineur_tuf::key::{Key, KeyId, PublicKey, Scheme, SignError, Signer};
use aws_lc_rs::digest::{SHA256, digest};
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;

use super::{TokenError, encoding};
use crate::keys::{KeyName, Pin, TokenReference};

/// Makes a key in a token, Ed25519 if the token can, else ECDSA on P-256. It can never be taken out.
pub(in crate::keys) fn create(
    module: &Path,
    label: &str,
    pin: &Pin,
    name: &KeyName,
) -> Result<(Key, TokenReference), TokenError> {
    let token = Token::find(module, label, None)?;
    let session = token.log_in(pin, Access::Change)?;
    let mut object = [0; 16];
    getrandom::fill(&mut object).map_err(|problem| token.failed("make a key")(problem.to_string()))?;
    let (public, private, scheme) = token.generate(&session, &object, name)?;
    let reference = TokenReference {
        module: module.to_owned(),
        label: label.to_owned(),
        serial: token.serial.clone(),
        object: encoding::hex(&object),
    };
    let made = token.public_key(&session, public, scheme).and_then(|key| TokenKey::new(label, session, private, key));
    match made {
        Ok(made) => Ok((made.key, reference)),
        Err(error) => {
            // A key that cannot be used is not left behind; should that fail, it does no harm.
            if let Ok(session) = token.log_in(pin, Access::Change) {
                let _ = [session.destroy_object(public), session.destroy_object(private)];
            }
            Err(error)
        }
    }
}

/// Opens the key that a reference is about. It has to be that of this public key.
pub(in crate::keys) fn open(reference: &TokenReference, key: &Key, pin: &Pin) -> Result<SharedSigner, TokenError> {
    let object = encoding::bytes_of(&reference.object).ok_or(TokenError::Object)?;
    let token = Token::find(&reference.module, &reference.label, Some(&reference.serial))?;
    let session = token.log_in(pin, Access::Sign)?;
    let template = [Attribute::Class(ObjectClass::PRIVATE_KEY), Attribute::Id(object)];
    let found = session.find_objects(&template).map_err(|error| token.failed("find the key")(error.to_string()))?;
    let &[private] = found.as_slice() else {
        let object = reference.object.clone();
        return Err(TokenError::NotOneKey { label: token.label, object, number: found.len() });
    };
    Ok(Arc::new(TokenKey::new(&reference.label, session, private, key.clone())?))
}

/// A private key in a token, ready to sign until it is dropped.
struct TokenKey {
    label: String,
    /// One thread at a time may speak through a session.
    session: Mutex<Session>,
    private: ObjectHandle,
    key: Key,
    key_id: KeyId,
    public: PublicKey,
}

impl TokenKey {
    /// Lets the key sign something that nobody can know before.
    fn new(label: &str, session: Session, private: ObjectHandle, key: Key) -> Result<Self, TokenError> {
        let foreign = || TokenError::ForeignKey { label: label.to_owned() };
        let public = key.public().map_err(|_| foreign())?;
        let key_id = key.computed_id();
        let made = Self { label: label.to_owned(), session: Mutex::new(session), private, key, key_id, public };
        let mut challenge = b"affineur asks whose private key this is: ".to_vec();
        let mut random = [0; 32];
        getrandom::fill(&mut random).map_err(|problem| made.failed(problem.to_string()))?;
        challenge.extend(random);
        made.signature(&challenge)?;
        Ok(made)
    }

    /// A signature that verifies.
    fn signature(&self, message: &[u8]) -> Result<Vec<u8>, TokenError> {
        let session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = |error: Error| self.failed(error.to_string());
        let foreign = || TokenError::ForeignKey { label: self.label.clone() };
        let signature = match self.public.scheme() {
            Scheme::Ed25519 => {
                let mechanism = Mechanism::Eddsa(EddsaParams::new(EddsaSignatureScheme::Pure));
                session.sign(&mechanism, self.private, message).map_err(asked)?
            }
            // Not every token hashes; every one takes a digest.
            _ => {
                let message = digest(&SHA256, message);
                let raw = session.sign(&Mechanism::Ecdsa, self.private, message.as_ref()).map_err(asked)?;
                encoding::ecdsa_signature(&raw).ok_or_else(foreign)?
            }
        };
        if self.public.verifies(message, &signature) { Ok(signature) } else { Err(foreign()) }
    }

    fn failed(&self, problem: String) -> TokenError {
        TokenError::Failed { label: self.label.clone(), doing: "sign", problem }
    }
}

impl Signer for TokenKey {
    fn key(&self) -> &Key {
        &self.key
    }

    fn key_id(&self) -> &KeyId {
        &self.key_id
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let refused = |error: TokenError| SignError { key_id: self.key_id.clone(), reason: error.to_string() };
        self.signature(message).map_err(refused)
    }
}

/// What a session is for.
#[derive(Clone, Copy)]
enum Access {
    Sign,
    Change,
}

/// A token that is there.
struct Token {
    context: Pkcs11,
    slot: Slot,
    label: String,
    serial: String,
}

impl Token {
    fn find(module: &Path, label: &str, serial: Option<&str>) -> Result<Self, TokenError> {
        let context = load(module)?;
        let failed = |error: Error| TokenError::Module { module: module.to_owned(), problem: error.to_string() };
        let mut found = Vec::new();
        for slot in context.get_slots_with_token().map_err(failed)? {
            // A token that cannot be asked is not the one that is looked for.
            let Ok(about) = context.get_token_info(slot) else { continue };
            let is_this = |serial: &str| serial == about.serial_number();
            if about.label() == label && serial.is_none_or(is_this) {
                found.push((slot, about.serial_number().to_owned()));
            }
        }
        let label = label.to_owned();
        match found.as_slice() {
            [(slot, serial)] => Ok(Self { slot: *slot, serial: serial.clone(), context, label }),
            [] => Err(TokenError::NoToken { label, serial: serial.map(str::to_owned) }),
            several => Err(TokenError::Ambiguous { label, number: several.len() }),
        }
    }

    fn log_in(&self, pin: &Pin, access: Access) -> Result<Session, TokenError> {
        let opened = match access {
            Access::Sign => self.context.open_ro_session(self.slot),
            Access::Change => self.context.open_rw_session(self.slot),
        };
        let session = opened.map_err(|error| self.failed("open a session")(error.to_string()))?;
        let label = || self.label.clone();
        match session.login(UserType::User, Some(pin.secret())) {
            // Another key of this token is open.
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(session),
            Err(Error::Pkcs11(RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange, _)) => {
                Err(TokenError::WrongPin { label: label() })
            }
            Err(Error::Pkcs11(RvError::PinLocked, _)) => Err(TokenError::PinLocked { label: label() }),
            Err(error) => Err(self.failed("take the PIN")(error.to_string())),
        }
    }

    /// The public key, the private key, and how it signs.
    fn generate(
        &self,
        session: &Session,
        object: &[u8],
        name: &KeyName,
    ) -> Result<(ObjectHandle, ObjectHandle, Scheme), TokenError> {
        let failed = |error: Error| self.failed("make a key")(error.to_string());
        let known = self.context.get_mechanism_list(self.slot).map_err(failed)?;
        let knows = |wanted: [MechanismType; 2]| wanted.iter().all(|mechanism| known.contains(mechanism));
        let mut kinds = Vec::new();
        if knows([MechanismType::ECC_EDWARDS_KEY_PAIR_GEN, MechanismType::EDDSA]) {
            let curves = [encoding::EDWARDS_BY_NUMBER, encoding::EDWARDS_BY_NAME];
            kinds.extend(curves.map(|curve| (Mechanism::EccEdwardsKeyPairGen, curve, Scheme::Ed25519)));
        }
        if knows([MechanismType::ECC_KEY_PAIR_GEN, MechanismType::ECDSA]) {
            kinds.push((Mechanism::EccKeyPairGen, encoding::P256, Scheme::EcdsaP256));
        }
        let mut problem = TokenError::NoAlgorithm { label: self.label.clone() };
        for (mechanism, curve, scheme) in kinds {
            let named = || [Attribute::Id(object.to_vec()), Attribute::Label(name.as_str().into()), Attribute::Token(true)];
            let public = [Attribute::EcParams(curve.to_vec()), Attribute::Private(false), Attribute::Verify(true)];
            let private =
                [Attribute::Private(true), Attribute::Sensitive(true), Attribute::Extractable(false), Attribute::Sign(true)];
            let (public, private) = ([&named()[..], &public].concat(), [&named()[..], &private].concat());
            match session.generate_key_pair(&mechanism, &public, &private) {
                Ok((public, private)) => return Ok((public, private, scheme)),
                Err(error) => problem = failed(error),
            }
        }
        Err(problem)
    }

    fn public_key(&self, session: &Session, public: ObjectHandle, scheme: Scheme) -> Result<Key, TokenError> {
        let failed = self.failed("show the public key");
        let attributes =
            session.get_attributes(public, &[AttributeType::EcPoint]).map_err(|error| failed(error.to_string()))?;
        let point = attributes.iter().find_map(|attribute| match attribute {
            Attribute::EcPoint(point) => Some(point),
            _ => None,
        });
        let key = point.and_then(|point| encoding::public_key(scheme, point));
        key.ok_or_else(|| failed("it is not as PKCS #11 says".to_owned()))
    }

    fn failed(&self, doing: &'static str) -> impl Fn(String) -> TokenError {
        let label = self.label.clone();
        move |problem| TokenError::Failed { label: label.clone(), doing, problem }
    }
}

/// A module, loaded and initialised once for this process: PKCS #11 knows only one user of a module in each.
fn load(module: &Path) -> Result<Pkcs11, TokenError> {
    static LOADED: Mutex<Vec<(PathBuf, Pkcs11)>> = Mutex::new(Vec::new());
    if !module.is_absolute() {
        return Err(TokenError::RelativeModule { module: module.to_owned() });
    }
    let failed = |error: Error| TokenError::Module { module: module.to_owned(), problem: error.to_string() };
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, context)) = loaded.iter().find(|(path, _)| path == module) {
        return Ok(context.clone());
    }
    let context = Pkcs11::new(module).map_err(failed)?;
    match context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
        Err(error) => return Err(failed(error)),
    }
    loaded.push((module.to_owned(), context.clone()));
    Ok(context)
}
