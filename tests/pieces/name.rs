//! Names: which ones can be read, and which ones look the same.

use ws101::name::{NAME_BYTES, NAME_CHARS, Unfit, alike, of_person, readable};

#[test]
#[allow(clippy::too_many_lines)] // A table, one line a name.
fn a_name_can_be_read_and_is_nobodys_office() {
    use Unfit::{Invisible, Length, Marks, NothingToSee, Reserved, TooLong};
    let flag = "\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}";
    let long = "я".repeat(NAME_CHARS + 1);
    let heavy = "🦀".repeat(NAME_BYTES / 4 + 1);
    let huge = "x".repeat(100_000);
    let verdicts = [
        // Names of people.
        ("Anna", Ok("Anna")),
        ("  Anna \t Maria ", Ok("Anna Maria")),
        ("Anna\nMaria", Ok("Anna Maria")),
        ("Anna\u{a0}Maria", Ok("Anna Maria")),
        ("Аня", Ok("Аня")),
        ("Ёлка", Ok("Ёлка")),
        ("Е\u{308}лка", Ok("Ёлка")),
        ("Rene\u{301}", Ok("René")),
        ("Nguyễn Thị", Ok("Nguyễn Thị")),
        ("O’Neill-Smith Jr.", Ok("O’Neill-Smith Jr.")),
        ("陈伟", Ok("陈伟")),
        ("김민준", Ok("김민준")),
        ("さくら", Ok("さくら")),
        ("अमित", Ok("अमित")),
        ("மீனா", Ok("மீனா")),
        ("វណ្ណា", Ok("វណ្ណា")),
        ("ဗုဒ္ဓ", Ok("ဗုဒ္ဓ")),
        ("สมชาย", Ok("สมชาย")),
        ("מֹשֶׁה", Ok("מֹשֶׁה")),
        ("محمد", Ok("محمد")),
        ("نیک\u{200c}زاد", Ok("نیک\u{200c}زاد")),
        ("ක\u{dca}\u{200d}ර", Ok("ක\u{dca}\u{200d}ර")),
        ("🦀", Ok("🦀")),
        ("👩🏽\u{200d}💻 Eve", Ok("👩🏽\u{200d}💻 Eve")),
        ("👨\u{200d}👩\u{200d}👧\u{200d}👦", Ok("👨\u{200d}👩\u{200d}👧\u{200d}👦")),
        ("I ❤\u{fe0f} Rust", Ok("I ❤\u{fe0f} Rust")),
        ("🏳\u{fe0f}\u{200d}🌈", Ok("🏳\u{fe0f}\u{200d}🌈")),
        ("🇫🇷", Ok("🇫🇷")),
        ("1\u{fe0f}\u{20e3}", Ok("1\u{fe0f}\u{20e3}")),
        ("<b>Eve</b>", Ok("<b>Eve</b>")),
        ("7", Ok("7")),
        ("Guest", Ok("Guest")),
        ("Guest of honour", Ok("Guest of honour")),
        ("Servera", Ok("Servera")),
        ("Учительская", Ok("Учительская")),
        // Sizes.
        ("", Err(Length)),
        (" \t \n ", Err(Length)),
        ("\u{3000}\u{2003}\u{a0}", Err(Length)),
        (&long, Err(Length)),
        (&heavy, Err(Length)),
        (&huge, Err(TooLong)),
        // What cannot be seen.
        ("\u{7}\0", Err(Invisible)),
        ("a\0b", Err(Invisible)),
        ("a\u{9b}b", Err(Invisible)),
        ("\u{202e}evil", Err(Invisible)),
        ("a\u{2066}b", Err(Invisible)),
        ("a\u{200f}b", Err(Invisible)),
        ("\u{200b}", Err(Invisible)),
        ("\u{3164}", Err(Invisible)),
        ("\u{115f}\u{1160}", Err(Invisible)),
        ("\u{ffa0}", Err(Invisible)),
        ("\u{2800}", Err(Invisible)),
        ("A\u{2800}B", Err(Invisible)),
        ("\u{34f}", Err(Invisible)),
        ("Anna\u{34f}", Err(Invisible)),
        ("An\u{200d}na", Err(Invisible)),
        ("An\u{200c}na", Err(Invisible)),
        ("Anna\u{200d}", Err(Invisible)),
        ("🦀\u{200d}", Err(Invisible)),
        ("\u{fe0f}", Err(Invisible)),
        ("Anna\u{fe0f}", Err(Invisible)),
        ("A\u{e0101}", Err(Invisible)),
        ("\u{e0041}\u{e0042}", Err(Invisible)),
        (flag, Err(Invisible)),
        ("\u{ad}", Err(Invisible)),
        ("\u{feff}", Err(Invisible)),
        ("\u{1d159}", Err(Invisible)),
        ("\u{fffc}", Err(Invisible)),
        ("\u{e000}", Err(Invisible)),
        ("\u{378}", Err(Invisible)),
        ("\u{10ffff}", Err(Invisible)),
        ("Anna\u{2d7f}", Err(Invisible)),
        ("Anna\u{17d2}", Err(Invisible)),
        ("Anna\u{1039}", Err(Invisible)),
        ("An\u{1107f}na", Err(Invisible)),
        ("Anna\u{10a3f}", Err(Invisible)),
        ("Anna\u{aaf6}", Err(Invisible)),
        ("Anna\u{1a60}", Err(Invisible)),
        ("សុខ\u{17d2}", Err(Invisible)),
        // Accents without letters, and towers of them.
        ("\u{301}", Err(NothingToSee)),
        ("\u{20dd}", Err(NothingToSee)),
        ("¨", Err(NothingToSee)),
        ("\u{301}Anna", Err(Marks)),
        ("Anna \u{301}", Err(Marks)),
        ("Z\u{334}\u{335}\u{336}\u{337}", Err(Marks)),
        // Offices.
        ("server", Err(Reserved)),
        ("SERVER", Err(Reserved)),
        ("Сервер", Err(Reserved)),
        ("ѕystem", Err(Reserved)),
        ("SУSTEМ", Err(Reserved)),
        ("ｓｙｓｔｅｍ", Err(Reserved)),
        ("𝐬𝐲𝐬𝐭𝐞𝐦", Err(Reserved)),
        ("[ system ]", Err(Reserved)),
        ("s y s t e m", Err(Reserved)),
        ("admin", Err(Reserved)),
        ("ADMIN", Err(Reserved)),
        ("АDМIN", Err(Reserved)),
        ("Administrator", Err(Reserved)),
        ("teacher", Err(Reserved)),
        ("Учитель", Err(Reserved)),
        ("Учитeль", Err(Reserved)),
        ("учи\u{301}тель", Err(Reserved)),
        ("Модератор!", Err(Reserved)),
        ("WS101", Err(Reserved)),
        ("WSIOI", Err(Reserved)),
        ("Guest 5", Err(Reserved)),
        ("guest5", Err(Reserved)),
        ("Guest l2", Err(Reserved)),
        ("Гость 5", Err(Reserved)),
        ("ГОСТЬ № 5", Err(Reserved)),
        ("гость№3", Err(Reserved)),
        ("Server1", Err(Reserved)),
        ("Учитель 1", Err(Reserved)),
        ("Admin 42", Err(Reserved)),
        ("ADMlN", Err(Reserved)),
        ("ADMlNlSTRATOR", Err(Reserved)),
        ("ADM|N", Err(Reserved)),
        ("|server|", Err(Reserved)),
        ("[ADM|N]", Err(Reserved)),
        ("🅰🅳🅼🅸🅽", Err(Reserved)),
        ("🅢🅔🅡🅥🅔🅡", Err(Reserved)),
        ("🇸🇪🇷🇻🇪🇷", Err(Reserved)),
        ("ᴀᴅᴍɪɴ", Err(Reserved)),
        ("ꜱᴇʀᴠᴇʀ 1", Err(Reserved)),
        ("Servero", Ok("Servero")),
        ("Root|ess", Ok("Root|ess")),
        ("Гoсть 77", Err(Reserved)),
    ];
    for (text, verdict) in verdicts {
        assert_eq!(of_person(text), verdict.map(str::to_owned), "{text:?}");
    }
    assert_eq!(readable("server").as_deref(), Ok("server"), "a room may be called that");
}

#[test]
fn what_looks_the_same_is_the_same_name() {
    let twins = [
        ("Anna", "anna"),
        ("Anna", "ANNA"),
        ("Anna", "An\u{200d}na"),
        ("Anna", "Anna\u{34f}"),
        ("Anna", "Аnna"),
        ("Anna", "Ａｎｎａ"),
        ("Anna", "𝒜𝓃𝓃𝒶"),
        ("Anna", "𝐀𝐧𝐧𝐚"),
        ("René", "Rene\u{301}"),
        ("Ёлка", "Е\u{308}ЛКА"),
        ("Учитель", "Учитeль"),
        ("ВЕРА", "BEPA"),
        ("Вера", "Bepa"),
        ("Вера", "вера"),
        ("Рора", "Popa"),
        ("Ivan", "lvan"),
        ("Ivan", "IVAN"),
        ("Emma", "ЕММА"),
        ("Guest 1", "guest l"),
        ("Straße", "STRASSE"),
        ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
        ("نیک\u{200c}زاد", "نیکزاد"),
        ("Bob", "Ｂｏｂ"),
        ("❤\u{fe0f}", "❤"),
        ("Mila", "MlLA"),
        ("mila", "MlLA"),
        ("Kim", "KlM"),
        ("nina", "NlNA"),
        ("ivan", "lVAN"),
        ("ملك", "م\u{640}لك"),
        ("Anna", "ᴀɴɴᴀ"),
        ("Bob", "🅱🅾🅱"),
    ];
    for (one, other) in twins {
        assert!(alike(one, other), "{one:?} and {other:?}");
        assert!(alike(other, one), "{other:?} and {one:?}");
    }
}

#[test]
fn honest_names_are_told_apart() {
    let names = "Анна Аня Алла Ада Ева Вера Лера Рома Рита Рора Роза Зоя Оля Олег Егор Игорь Иван \
                 Ян Яна Юля Юра Юрий Юрии Илья Илия Лиза Луиза Нина Инна Жанна Зина Дина Лина \
                 Лена Елена Алёна Алена Пётр Петр Павел Паша Маша Миша Даша Саша Глаша Гриша \
                 Костя Настя Катя Митя Витя Вася Тася Ася Соня Тоня Таня Ваня Женя Сеня Веня Шура \
                 Щука Шука Цой Чук Гек Хома Фома Эдик Эмма Мышь Мыш Тимур Тамара Сева Сара Кира \
                 Рената Ренат Марк Марат Марта Андрей Андреи Сергей Ксения Ольга Ульяна Эльза \
                 Anna Ann Hanna Bob Rob Boris Chloé Chloe René Rene Ian Alan Amir Maria Mario \
                 Tom Tim Eve Eva Zoe Zoë Karl Kari Mila Milla Ali All Lia Elia Ella Nail Nall Lil Liv 김민준 김민중 陈伟 陈卫";
    let names: Vec<_> = names.split_whitespace().collect();
    for (at, one) in names.iter().enumerate() {
        for other in &names[at + 1..] {
            assert!(!alike(one, other), "{one} and {other}");
        }
    }
    let alphabet = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя";
    for (at, one) in alphabet.char_indices() {
        for other in alphabet[at + one.len_utf8()..].chars() {
            assert!(!alike(&one.to_string(), &other.to_string()), "{one} and {other}");
        }
    }
    for one in 0..300 {
        assert!(!alike(&format!("Гость {one}"), &format!("Гость {}", one + 1)), "{one}");
    }
}

/// Signs that Unicode writes out in letters: they make no difference either.
#[test]
fn a_sign_made_of_letters_frees_no_word() {
    for name in ["Server™", "℠ system", "™Guest 5", "admin℠"] {
        assert_eq!(of_person(name), Err(Unfit::Reserved), "{name}");
    }
    for name in ["Ⓢerver", "Guest ⑤", "ＳＥＲＶＥＲ"] {
        assert_eq!(of_person(name), Err(Unfit::Reserved), "{name}");
    }
}
