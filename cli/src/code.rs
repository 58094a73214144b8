//! An address as a code that phones scan: as text for a terminal, as a picture for a page.

use std::fmt::Write;

use qrcode::{Color, EcLevel, QrCode};

/// How many light modules are around a code in a terminal.
const QUIET: usize = 2;

/// The same in a picture.
const QUIET_IN_PICTURE: usize = 4;

/// The modules of a code, row by row, and how many a row has. An address of a class is always short enough.
fn modules(text: &str) -> (Vec<bool>, usize) {
    let code = QrCode::with_error_correction_level(text, EcLevel::L);
    code.map_or((Vec::new(), 0), |code| {
        (code.to_colors().iter().map(|color| *color == Color::Dark).collect(), code.width())
    })
}

/// A code as lines of half blocks, two modules in each character. Light modules are drawn, for a terminal
/// with a dark background; phones read the opposite as well.
pub fn lines(text: &str) -> Vec<String> {
    let (modules, width) = modules(text);
    let side = width + 2 * QUIET;
    let inside = QUIET..QUIET + width;
    let is_light = |x: usize, y: usize| {
        let is_inside = inside.contains(&x) && inside.contains(&y);
        y < side && !(is_inside && modules[(y - QUIET) * width + x - QUIET])
    };
    let half = |x: usize, y: usize| match (is_light(x, y), is_light(x, y + 1)) {
        (true, true) => '█',
        (true, false) => '▀',
        (false, true) => '▄',
        (false, false) => ' ',
    };
    (0..side).step_by(2).map(|y| (0..side).map(|x| half(x, y)).collect()).collect()
}

/// A code as a picture, SVG, dark on light whatever is around it.
pub fn picture(text: &str) -> String {
    let (modules, width) = modules(text);
    let side = width + 2 * QUIET_IN_PICTURE;
    let mut dark = String::new();
    for (at, _) in modules.iter().enumerate().filter(|(_, is_dark)| **is_dark) {
        let (x, y) = (at % width + QUIET_IN_PICTURE, at / width + QUIET_IN_PICTURE);
        // A string takes all that is written.
        let _ = write!(dark, "M{x} {y}h1v1h-1z");
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" \
         shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/>\
         <path d=\"{dark}\"/></svg>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::{QUIET_IN_PICTURE, lines, modules, picture};

    const PHONE: &str = "http://192.168.1.20:8080/class/phone";

    #[test]
    fn a_code_is_square_and_has_a_light_edge() {
        let lines = lines(PHONE);
        let width = lines[0].chars().count();
        assert_eq!(lines.len(), width.div_ceil(2));
        assert!(lines[0].chars().all(|half| half == '█'), "{}", lines[0]);
        // The corner of a code is a dark square of seven modules.
        assert_eq!(lines[1].chars().take(9).collect::<String>(), "██ ▄▄▄▄▄ ");
        assert!(lines.iter().all(|line| line.chars().count() == width));
    }

    #[test]
    fn a_picture_has_each_dark_module() {
        let (modules, _) = modules(PHONE);
        let picture = picture(PHONE);
        let dark = modules.iter().filter(|is_dark| **is_dark).count();
        assert!(dark > 200 && picture.matches("h1v1h-1z").count() == dark, "{dark}");
        assert!(
            picture.contains(&format!("M{QUIET_IN_PICTURE} {QUIET_IN_PICTURE}h1")),
            "{picture}"
        );
    }
}
