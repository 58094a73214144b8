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
use unicode_script::UnicodeScript;
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

/// The looks of a name: in small letters, in capitals, as it is, and as it is without case.
///
/// Each form is a skeleton of UTS 39 §4. No single one is enough: `В` looks like `B` only as a
/// capital, `І` like `l` only in mixed case, and `MlLA` with a small L looks like `Mila` only in
/// capitals. Names are alike if they share a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Likeness {
    small: String,
    capital: String,
    standing: String,
    caseless: String,
}

impl Likeness {
    /// The forms of `name`.
    #[must_use]
    pub fn of(name: &str) -> Self {
        // NFKC replaces other forms of a letter: full-width, mathematical, circled.
        let plain: String =
            name.nfkc().filter(|&char| !is_stretch(char)).map(plain_letter).collect();
        let standing: String = skeleton(&plain).collect();
        Self {
            small: skeleton(&lower(&upper(&plain))).collect(),
            capital: skeleton(&upper(&plain)).collect(),
            caseless: lower(&standing),
            standing,
        }
    }

    /// The forms as keys of a map or a set: two names are alike if they share one of these.
    #[must_use]
    pub fn keys(&self) -> [String; 4] {
        let [small, capital, standing] = self.cased().map(str::to_owned);
        // No name has U+0000, so this form is compared with its like only.
        [small, capital, standing, format!("\0{}", self.caseless)]
    }

    /// Whether the two look the same to people.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        self.caseless == other.caseless
            || self.cased().iter().any(|form| other.cased().contains(form))
    }

    /// Whether this looks like `word` with some of `digits` behind it.
    fn is_numbered(&self, word: &Self, digits: &Self) -> bool {
        let is_digit = |char: char| {
            char.is_numeric() || digits.caseless.contains(char) || digits.standing.contains(char)
        };
        let is_number = |text: &str| !text.is_empty() && text.chars().all(is_digit);
        let behind = |form: &str, word: &str| form.strip_prefix(word).is_some_and(is_number);
        behind(&self.caseless, &word.caseless)
            || self.cased().iter().any(|form| word.cased().iter().any(|word| behind(form, word)))
    }

    /// The forms in which case counts.
    fn cased(&self) -> [&str; 3] {
        [&self.small, &self.capital, &self.standing]
    }
}

/// Lowers letter by letter: with the rule for a final sigma one name would have two forms.
fn lower(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

fn upper(text: &str) -> String {
    text.chars().flat_map(char::to_uppercase).collect()
}

/// Lengthens the letter before it and means nothing: tatweel and its like in other scripts.
fn is_stretch(char: char) -> bool {
    matches!(char, '\u{640}' | '\u{7fa}' | '\u{180a}' | '\u{10ec}')
}

/// The Latin letter that a letter in a square, in a dark circle or of a flag stands for, and the
/// letter of a small capital: NFKC and the skeletons leave these as they are.
fn plain_letter(char: char) -> char {
    const SMALL_CAPITALS: &str = "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴜᴠᴡ\0ʏᴢ";
    const FIRST: [u32; 3] = [0x1f150, 0x1f170, 0x1f1e6];
    let letter = |place: u32| char::from_u32('a' as u32 + place).filter(char::is_ascii_lowercase);
    let boxed = FIRST.into_iter().filter_map(|first| u32::from(char).checked_sub(first));
    if let Some(letter) = boxed.filter(|&place| place < 26).find_map(letter) {
        return letter;
    }
    let small = SMALL_CAPITALS.chars().position(|one| one == char && one != '\0');
    small.and_then(|place| letter(u32::try_from(place).ok()?)).unwrap_or(char)
}

/// Whether a name looks like a word of the server's, with or without a number, or like a guest's
/// number. Signs and spaces make no difference: `[server]`, `s y s t e m` and `ADM|N` do.
#[must_use]
pub fn is_reserved(name: &str) -> bool {
    // NFKC would turn the signs ℠, ™ and № beside a word into letters.
    let words = name.chars().filter(|char| !matches!(char, '\u{2116}' | '\u{2120}' | '\u{2122}'));
    let words: String = words.nfkc().collect();
    // Inside a word a sign may stand for the letter that it looks like; around it, it means nothing.
    let inside = words.trim_matches(|char| !is_letter(char));
    let is_read = |char: &char| is_letter(*char) || looks_like_a_letter(*char);
    let readings = [
        words.chars().filter(|&char| is_letter(char)).collect::<String>(),
        inside.chars().filter(is_read).collect(),
    ];
    let Looks { reserved, guests, digits } = &*LOOKS;
    readings.iter().any(|reading| {
        let has_digit = reading.contains(char::is_numeric);
        let name = Likeness::of(reading);
        reserved
            .iter()
            .any(|word| name.is_like(word) || has_digit && name.is_numbered(word, digits))
            || guests.iter().any(|guest| name.is_numbered(guest, digits))
    })
}

/// Whether a character is a letter or a digit, in whatever form.
fn is_letter(char: char) -> bool {
    char.is_alphanumeric() || plain_letter(char) != char
}

/// Whether a sign looks like a letter, as `|` does.
fn looks_like_a_letter(char: char) -> bool {
    skeleton(char.encode_utf8(&mut [0; 4])).any(char::is_alphanumeric)
}

/// Whether the character at `at` is visible, or changes how its neighbours look.
fn is_shown(chars: &[char], at: usize) -> bool {
    let char = chars[at];
    let before = at.checked_sub(1).map(|at| chars[at]);
    let after = chars.get(at + 1).copied();
    match char {
        '\u{200c}' | '\u{200d}' if before.is_some_and(is_joining) => after.is_some_and(is_joining),
        _ if is_stacker(char) => {
            let is_of_script =
                |other: char| other.is_alphabetic() && other.script() == char.script();
            before.is_some_and(is_of_script) && after.is_some_and(is_of_script)
        }
        '\u{200d}' => before.is_some_and(is_emoji) && after.is_some_and(is_emoji),
        // The variant of an emoji; a keycap is a digit, this and U+20E3.
        '\u{fe0e}' | '\u{fe0f}' => {
            before.is_some_and(is_emoji) || before.is_some() && after == Some('\u{20e3}')
        }
        _ => !is_blank(char) && !is_ignorable(char) && has_meaning(char),
    }
}

/// Seen only as a change of the letters beside it: `Invisible_Stacker` and `Number_Joiner` of
/// `Indic_Syllabic_Category` in the Unicode character database, and the joiner of Tifinagh.
fn is_stacker(char: char) -> bool {
    matches!(
        char,
        '\u{1039}'
            | '\u{17d2}'
            | '\u{1a60}'
            | '\u{1bab}'
            | '\u{2d7f}'
            | '\u{aaf6}'
            | '\u{10a3f}'
            | '\u{1107f}'
            | '\u{11133}'
            | '\u{113d0}'
            | '\u{1193e}'
            | '\u{11a47}'
            | '\u{11a99}'
            | '\u{11f42}'
    )
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
