//! Names that users choose: checks that they can be shown, and finds those that look the same.
//!
//! [`readable`] accepts a text that people can see and tell apart, in Unicode
//! form NFC. [`of_person`] also refuses the words that belong to the server.
//! [`Likeness`] compares two names as people see them: case, form and look-alike
//! letters of other scripts make no difference (UTS 39 §4).

use std::sync::LazyLock;

use thiserror::Error;
use unicode_normalization::UnicodeNormalization;
use unicode_properties::{
    GeneralCategory, GeneralCategoryGroup, UnicodeEmoji, UnicodeGeneralCategory,
};
use unicode_security::skeleton;

/// The longest name, in Unicode scalar values.
pub const NAME_CHARS: usize = 32;
/// The longest name, in bytes.
pub const NAME_BYTES: usize = 128;
/// The longest text that is read as a name at all, spaces around it included, in bytes.
const TEXT_BYTES: usize = 4 * NAME_BYTES;
/// The most combining marks on one letter: Vietnamese and pointed Hebrew need at most three.
const MARKS: usize = 3;

/// The words that would let a member speak as the server or as its teacher.
const RESERVED: [&str; 17] = [
    "server",
    "system",
    "admin",
    "administrator",
    "moderator",
    "root",
    "teacher",
    "ws101",
    "сервер",
    "система",
    "админ",
    "администратор",
    "модератор",
    "учитель",
    "учительница",
    "преподаватель",
    "преподавательница",
];

/// The words that the server calls members without a name by; a number follows.
const GUESTS: [&str; 2] = ["guest", "гость"];

/// The skeletons of those words, and the digits: computed once, because each name is compared with all.
static LOOKS: LazyLock<Looks> = LazyLock::new(|| Looks {
    reserved: RESERVED.map(Likeness::of),
    guests: GUESTS.map(Likeness::of),
    digits: Likeness::of("0123456789"),
});

struct Looks {
    reserved: [Likeness; RESERVED.len()],
    guests: [Likeness; GUESTS.len()],
    digits: Likeness,
}

/// The reason why a text is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Unfit {
    /// More bytes than any name has.
    #[error("a name has at most {NAME_CHARS} characters")]
    TooLong,
    /// Empty, or more than [`NAME_CHARS`] or [`NAME_BYTES`].
    #[error("a name has 1 to {NAME_CHARS} characters")]
    Length,
    /// A character that cannot be seen, turns text around or means nothing yet.
    #[error("a name has no control characters and nothing invisible")]
    Invisible,
    /// Only accents and blanks.
    #[error("a name has a letter, a digit or a sign that can be seen")]
    NothingToSee,
    /// Accents without a letter, or too many on one.
    #[error("a name has at most {MARKS} accents on a letter, and none without a letter")]
    Marks,
    /// A word that belongs to the server, or a guest's number.
    #[error("that name is kept for the server")]
    Reserved,
}

/// A name as it is shown and stored: NFC, no spaces around it, one between its words.
///
/// Joiners stay where a script or an emoji needs them: between letters of Arabic
/// or Indic scripts, and between emoji. Tags (flags of parts of a country) do not.
/// At most 32 scalar values and 128 bytes.
///
/// # Errors
///
/// The first rule that the text breaks.
pub fn readable(text: &str) -> Result<String, Unfit> {
    // The size is checked first, so that a long text costs nothing.
    if text.len() > TEXT_BYTES {
        return Err(Unfit::TooLong);
    }
    let words: Vec<_> = text.split_whitespace().collect();
    let name: String = words.join(" ").nfc().collect();
    let chars: Vec<char> = name.chars().collect();
    if (0..chars.len()).any(|at| !is_shown(&chars, at)) {
        return Err(Unfit::Invisible);
    }
    if chars.is_empty() || chars.len() > NAME_CHARS || name.len() > NAME_BYTES {
        return Err(Unfit::Length);
    }
    if !chars.iter().any(|&char| is_base(char)) {
        return Err(Unfit::NothingToSee);
    }
    if has_stray_marks(&chars) {
        return Err(Unfit::Marks);
    }
    Ok(name)
}

/// A readable name that a user may choose: neither a reserved word nor the name of a guest.
///
/// # Errors
///
/// As [`readable`]; [`Unfit::Reserved`] for a name that looks like one of those words.
pub fn of_person(text: &str) -> Result<String, Unfit> {
    let name = readable(text)?;
    if is_reserved(&name) { Err(Unfit::Reserved) } else { Ok(name) }
}

/// Whether two names look the same to people, in whatever case.
#[must_use]
pub fn alike(one: &str, other: &str) -> bool {
    Likeness::of(one).is_like(&Likeness::of(other))
}

/// The looks of a name: in small letters, in capitals and as it is.
///
/// Each form is a skeleton of UTS 39 §4. No single one is enough: `В` looks like
/// `B` only as a capital, `І` like `l` only in mixed case. Names are alike if one
/// form is the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Likeness([String; 3]);

impl Likeness {
    /// The forms of `name`.
    #[must_use]
    pub fn of(name: &str) -> Self {
        // NFKC replaces other forms of a letter: full-width, mathematical, circled.
        let plain: String = name.nfkc().collect();
        let small = lower(&upper(&plain));
        let capital = upper(&plain);
        let standing: String = skeleton(&plain).collect();
        Self([skeleton(&small).collect(), skeleton(&capital).collect(), lower(&standing)])
    }

    /// The forms as keys of a map or a set: two names are alike if they share one of these.
    #[must_use]
    pub fn keys(&self) -> [String; 3] {
        let mut place = 0;
        self.0.each_ref().map(|form| {
            place += 1;
            format!("{place}{form}")
        })
    }

    /// Whether the two look the same to people.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(one, other)| one == other)
    }
}

/// Lowers letter by letter: with the rule for a final sigma one name would have two forms.
fn lower(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

fn upper(text: &str) -> String {
    text.chars().flat_map(char::to_uppercase).collect()
}

/// Whether a name looks like a word of the server's or a guest's number. Signs and spaces make
/// no difference: `[server]` and `s y s t e m` do.
#[must_use]
pub fn is_reserved(name: &str) -> bool {
    // NFKC would turn the signs ℠ and ™ behind a word into letters.
    let letters = |text: &str| {
        let words = text.chars().filter(|char| !matches!(char, '\u{2120}' | '\u{2122}'));
        words.nfkc().filter(|char| char.is_alphanumeric()).collect::<String>()
    };
    let name = Likeness::of(&letters(name));
    let Looks { reserved, guests, digits } = &*LOOKS;
    if reserved.iter().any(|word| name.is_like(word)) {
        return true;
    }
    guests.iter().any(|guest| {
        let mut forms = name.0.iter().zip(guest.0.iter().zip(&digits.0));
        forms.any(|(form, (guest, digits))| {
            let number = form.strip_prefix(guest.as_str()).unwrap_or_default();
            !number.is_empty()
                && number.chars().all(|char| digits.contains(char) || char.is_numeric())
        })
    })
}

/// Whether the character at `at` is visible, or changes how its neighbours look.
fn is_shown(chars: &[char], at: usize) -> bool {
    let char = chars[at];
    let before = at.checked_sub(1).map(|at| chars[at]);
    let after = chars.get(at + 1).copied();
    match char {
        '\u{200c}' | '\u{200d}' if before.is_some_and(is_joining) => after.is_some_and(is_joining),
        '\u{200d}' => before.is_some_and(is_emoji) && after.is_some_and(is_emoji),
        // The variant of an emoji; a keycap is a digit, this and U+20E3.
        '\u{fe0e}' | '\u{fe0f}' => {
            before.is_some_and(is_emoji) || before.is_some() && after == Some('\u{20e3}')
        }
        _ => !is_blank(char) && !is_ignorable(char) && has_meaning(char),
    }
}

/// Letters of scripts in which a joiner changes how a word is written: Arabic to Sinhala.
fn is_joining(char: char) -> bool {
    matches!(char, '\u{600}'..='\u{dff}') && !char.is_numeric()
}

fn is_emoji(char: char) -> bool {
    !char.is_ascii() && char.is_emoji_char() || char == '\u{fe0f}'
}

/// Visible by their category, empty on the screen: Braille without dots, a note without a head,
/// hieroglyphs for a blank, the object replacement character.
fn is_blank(char: char) -> bool {
    matches!(
        char,
        '\u{2800}' | '\u{1d159}' | '\u{13441}' | '\u{13442}' | '\u{16fe4}' | '\u{fff9}'
            ..='\u{fffd}'
    )
}

/// `Default_Ignorable_Code_Point` of the Unicode character database: shown as nothing.
fn is_ignorable(char: char) -> bool {
    matches!(char, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// Assigned, and neither a control nor a format character.
fn has_meaning(char: char) -> bool {
    !matches!(char.general_category_group(), GeneralCategoryGroup::Other)
}

/// Whether this character is visible without others.
fn is_base(char: char) -> bool {
    match char.general_category_group() {
        GeneralCategoryGroup::Letter
        | GeneralCategoryGroup::Number
        | GeneralCategoryGroup::Punctuation => true,
        GeneralCategoryGroup::Symbol => {
            is_emoji(char) || char.general_category() != GeneralCategory::ModifierSymbol
        }
        _ => false,
    }
}

/// Whether marks stand without a letter, or more than [`MARKS`] stand on one.
fn has_stray_marks(chars: &[char]) -> bool {
    let mut may_follow = 0;
    for &char in chars {
        match char.general_category() {
            GeneralCategory::NonspacingMark | GeneralCategory::EnclosingMark => {
                // Unicode counts a joiner and an emoji's variant as marks, and they take no room.
                if is_ignorable(char) {
                    continue;
                }
                if may_follow == 0 {
                    return true;
                }
                may_follow -= 1;
            }
            GeneralCategory::SpacingMark if may_follow == 0 => return true,
            GeneralCategory::SpaceSeparator => may_follow = 0,
            _ => may_follow = MARKS,
        }
    }
    false
}
