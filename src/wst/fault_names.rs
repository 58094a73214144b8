//! The names of the faults for people: the terminal and the classroom's page call them the same.

/// The word of each fault, its name in English and its name in Russian, in the order of [`FORMS`](super::FORMS).
///
/// `frontend/class/fault_names.js` is made from it.
pub const FAULT_NAMES: [(&str, &str, &str); 14] = [
    ("close", "Close", "Закрыть"),
    ("reset", "Reset", "Сброс"),
    ("silence", "Silence", "Тишина"),
    ("cut", "Cut", "Обрезать"),
    ("refuse", "Refuse", "Отказ"),
    ("slow", "Slow", "Медленно"),
    ("split", "Split", "Дробить"),
    ("coalesce", "Coalesce", "Склеить"),
    ("forge", "Forge", "Подделка"),
    ("drop", "Drop", "Потеря"),
    ("delay", "Delay", "Задержка"),
    ("duplicate", "Duplicate", "Дубль"),
    ("reorder", "Reorder", "Порядок"),
    ("flip", "Flip", "Бит"),
];

/// The name of a fault in Russian, by the first word of its rule; `None` if there is no such fault.
#[must_use]
pub fn fault_name(rule: &str) -> Option<&'static str> {
    let word = rule.split(' ').next();
    FAULT_NAMES.iter().find(|(known, ..)| Some(*known) == word).map(|(_, _, russian)| *russian)
}

#[cfg(test)]
mod tests {
    use super::FAULT_NAMES;
    use crate::wst::FORMS;

    #[test]
    fn each_fault_has_a_name() {
        let words = FORMS.map(|form| form.split(' ').next().unwrap_or_default());
        assert_eq!(FAULT_NAMES.map(|(word, ..)| word), words);
    }
}
