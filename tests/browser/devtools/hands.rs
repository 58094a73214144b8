//! The hands of somebody at a page: the mouse, the keyboard, a file that is chosen.

use std::path::Path;

use anyhow::Result;
use serde_json::json;

use super::Tab;

impl Tab {
    /// Clicks the middle of what `selector` names, once that can be hit.
    pub async fn click(&self, selector: &str) -> Result<()> {
        let middle = format!(
            "(() => {{
                const element = document.querySelector({selector:?});
                const box = element.getBoundingClientRect();
                const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
                return element.contains(document.elementFromPoint(x, y)) && [x, y];
            }})()"
        );
        self.until(&format!("Array.isArray({middle})")).await?;
        let middle = self.eval(&middle).await?;
        for (kind, button) in
            [("mouseMoved", "none"), ("mousePressed", "left"), ("mouseReleased", "left")]
        {
            let [x, y] = [&middle[0], &middle[1]];
            let event = json!({ "type": kind, "x": x, "y": y, "button": button, "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", event).await?;
        }
        Ok(())
    }

    /// Turns the wheel over `selector`, and waits until that has scrolled.
    pub async fn wheel(&self, selector: &str, pixels: i32) -> Result<()> {
        let place = format!(
            "(({{ scrollTop, clientWidth, clientHeight }}, {{ x, y }}) =>
                [scrollTop, x + clientWidth / 2, y + clientHeight / 2])
            (...((element) => [element, element.getBoundingClientRect()])(document.querySelector({selector:?})))"
        );
        let before = self.eval(&place).await?;
        let [x, y] = [&before[1], &before[2]];
        let event = json!({ "type": "mouseWheel", "x": x, "y": y, "deltaX": 0, "deltaY": pixels });
        self.call("Input.dispatchMouseEvent", event).await?;
        self.until(&format!("{place}[0] !== {}", before[0])).await
    }

    /// Writes `words` where the cursor is.
    pub async fn write(&self, words: &str) -> Result<()> {
        self.call("Input.insertText", json!({ "text": words })).await?;
        Ok(())
    }

    /// Presses and releases Enter.
    pub async fn enter(&self) -> Result<()> {
        for (kind, text) in [("keyDown", "\r"), ("keyUp", "")] {
            let key = json!({ "type": kind, "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": text });
            self.call("Input.dispatchKeyEvent", key).await?;
        }
        Ok(())
    }

    /// Presses and releases Space on what has the focus.
    pub async fn space(&self) -> Result<()> {
        for (kind, text) in [("keyDown", " "), ("keyUp", "")] {
            let key = json!({ "type": kind, "key": " ", "code": "Space", "windowsVirtualKeyCode": 32, "text": text });
            self.call("Input.dispatchKeyEvent", key).await?;
        }
        Ok(())
    }

    /// Presses and releases a key by its place on the keyboard: `KeyK`, `Space`, `ArrowLeft`.
    ///
    /// `types` is what it types in the layout that is on, so `KeyK` may type "k" or "л".
    pub async fn press(&self, code: &str, types: &str) -> Result<()> {
        for kind in ["rawKeyDown", "keyUp"] {
            let key = json!({ "type": kind, "code": code, "key": types });
            self.call("Input.dispatchKeyEvent", key).await?;
        }
        Ok(())
    }

    /// Chooses a file in the field that `selector` names.
    pub async fn choose_file(&self, selector: &str, file: &Path) -> Result<()> {
        let document = self.call("DOM.getDocument", json!({})).await?;
        let query = json!({ "nodeId": document["root"]["nodeId"], "selector": selector });
        let field = self.call("DOM.querySelector", query).await?;
        let files = json!({ "nodeId": field["nodeId"], "files": [file] });
        self.call("DOM.setFileInputFiles", files).await?;
        Ok(())
    }
}
