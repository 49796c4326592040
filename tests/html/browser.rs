//! A headless Chromium, driven over a pipe by its DevTools protocol.
//!
//! Invariants: nothing is waited for without a limit; what scripts threw or the page's policy refused is known; it has no
//! network.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const TIMEOUT: Duration = Duration::from_secs(60);

pub(crate) struct Browser {
    process: Child,
    input: ChildStdin,
    messages: Receiver<Value>,
    session: Option<String>,
    last: u64,
    /// What went wrong in pages.
    faults: Vec<String>,
    _profile: TempDir,
}

impl Browser {
    /// Starts it with one empty page.
    pub(crate) fn start() -> Browser {
        let profile = tempfile::tempdir().unwrap();
        let data = format!("--user-data-dir={}", profile.path().to_str().unwrap());
        // It reads commands from descriptor 3 and writes answers to 4, each ended by a zero byte.
        let mut process = Command::new("sh")
            .args(["-c", "exec chromium \"$@\" 3<&0 4>&1 > /dev/null", "chromium"])
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
            .args(["--disable-background-networking", "--proxy-server=127.0.0.1:9", "--hide-scrollbars"])
            .args(["--remote-debugging-pipe", &data])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let input = process.stdin.take().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        let (sender, messages) = mpsc::channel();
        thread::spawn(move || {
            for message in output.split(0) {
                let Ok(Ok(message)) = message.map(|text| serde_json::from_slice(&text)) else { return };
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        let mut browser =
            Browser { process, input, messages, session: None, last: 0, faults: Vec::new(), _profile: profile };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = browser.call("Target.attachToTarget", attach);
        browser.session = session["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        browser
    }

    fn receive(&mut self, until: Instant) -> Value {
        let left = until.saturating_duration_since(Instant::now());
        let message = self.messages.recv_timeout(left).expect("the browser answers in time");
        let text = &message["params"];
        match message["method"].as_str() {
            Some("Runtime.exceptionThrown") => self.faults.push(text["exceptionDetails"].to_string()),
            Some("Log.entryAdded") => self.faults.push(text["entry"].to_string()),
            Some("Page.javascriptDialogOpening") => self.faults.push(format!("dialog: {text}")),
            Some("Network.requestWillBeSent") => {
                let url = text["request"]["url"].as_str().unwrap_or_default();
                if !url.starts_with("file:") && !url.starts_with("data:") {
                    self.faults.push(format!("request: {url}"));
                }
            }
            Some(_) | None => {}
        }
        message
    }

    fn call(&mut self, method: &str, params: Value) -> Value {
        let answer = self.answer(method, params);
        assert!(answer["error"].is_null(), "{method}: {answer}");
        answer["result"].clone()
    }

    fn answer(&mut self, method: &str, params: Value) -> Value {
        self.last += 1;
        let id = self.last;
        let mut message = json!({ "id": id, "method": method, "params": params });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.input.write_all(&bytes).unwrap();
        let until = Instant::now() + TIMEOUT;
        loop {
            let answer = self.receive(until);
            if answer["id"] == id {
                return answer;
            }
        }
    }

    /// Shows a window of this size.
    pub(crate) fn resize(&mut self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.call("Emulation.setDeviceMetricsOverride", size);
    }

    /// Opens a file and waits until its scripts have run.
    pub(crate) fn open(&mut self, path: &Path, fragment: &str) {
        // Another page in between: the same with another fragment would not be loaded again.
        self.load("about:blank");
        self.load(&format!("file://{}{fragment}", path.to_str().unwrap()));
    }

    fn load(&mut self, url: &str) {
        let opened = self.call("Page.navigate", json!({ "url": url }));
        assert!(opened["errorText"].is_null(), "{url}: {opened}");
        self.wait_for(&format!(
            "document.readyState === 'complete' && document.URL.split('#')[0] === {}",
            json!(url.split('#').next())
        ));
    }

    /// What an expression gives in the page.
    pub(crate) fn eval(&mut self, expression: &str) -> Value {
        let wanted = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let answer = self.call("Runtime.evaluate", wanted);
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    pub(crate) fn text(&mut self, selector: &str) -> String {
        let found = self.eval(&format!("document.querySelector({}).innerText", json!(selector)));
        found.as_str().unwrap().to_owned()
    }

    /// Waits until an expression holds.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, expression: &str) {
        let until = Instant::now() + TIMEOUT;
        // A moment passes between two looks.
        let look = format!(
            "new Promise(done => {{ const held = Boolean({expression}); \
             held ? done(true) : setTimeout(() => done(false), 20) }})"
        );
        let wanted = json!({ "expression": look, "returnByValue": true, "awaitPromise": true });
        // While another page is being loaded there is nowhere to look.
        while self.answer("Runtime.evaluate", wanted.clone())["result"]["result"]["value"] != true {
            assert!(Instant::now() < until, "{expression} does not hold: {:?}", self.faults);
        }
    }

    /// Clicks in the middle of what is found first.
    pub(crate) fn click(&mut self, selector: &str) {
        let place = self.eval(&format!(
            "(() => {{ const found = document.querySelector({}); found.scrollIntoView({{block: 'center', behavior: \
             'instant'}}); const box = found.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height \
             / 2] }})()",
            json!(selector)
        ));
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({ "type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", event);
        }
    }

    /// Presses and releases a key: a letter, or the name of one that writes nothing.
    pub(crate) fn key(&mut self, key: &str) {
        let mut down = json!({ "type": "keyDown", "key": key });
        match key {
            "Enter" => down["text"] = json!("\r"),
            key if key.chars().count() == 1 => down["text"] = json!(key),
            _ => {}
        }
        if key == "Enter" {
            down["windowsVirtualKeyCode"] = json!(13);
        }
        self.call("Input.dispatchKeyEvent", down);
        self.call("Input.dispatchKeyEvent", json!({ "type": "keyUp", "key": key }));
    }

    /// Types a text.
    pub(crate) fn write(&mut self, text: &str) {
        text.chars().for_each(|letter| self.key(&letter.to_string()));
    }

    /// What the user's system prefers.
    pub(crate) fn prefer(&mut self, feature: &str, value: &str) {
        let features = json!({ "features": [{ "name": feature, "value": value }] });
        self.call("Emulation.setEmulatedMedia", features);
    }

    /// What went wrong until now: exceptions, dialogs, what the policy refused, requests to anywhere.
    pub(crate) fn faults(&mut self) -> Vec<String> {
        self.eval("1");
        std::mem::take(&mut self.faults)
    }

    /// A picture of the window, as PNG in base64.
    pub(crate) fn picture(&mut self) -> String {
        self.call("Page.captureScreenshot", json!({}))["data"].as_str().unwrap().to_owned()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Asked to end, it ends its children first, and nobody writes to its folder any more.
        let _ = self.input.write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0");
        let until = Instant::now() + TIMEOUT;
        let left = || until.saturating_duration_since(Instant::now());
        while self.messages.recv_timeout(left()).is_ok() {}
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
