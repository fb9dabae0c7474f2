//! baresip, somebody else's softphone, run without a sound card: it says what a WAV file holds, writes what it hears to
//! another, and is told what to do over its control port (ctrl_tcp: JSON in netstrings). Everything lives in one folder.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::time::Duration;

use attendant_media::resample;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// Longest wait for anything it does.
const PATIENCE: Duration = Duration::from_secs(30);

/// Between two looks at something that reports no event of its own.
const LOOK: Duration = Duration::from_millis(50);

/// Its audio, both ways: what G.711 carries.
const RATE: u32 = 8_000;

/// Where Debian's package keeps its modules.
const MODULES: &str = "/usr/lib/baresip/modules";

pub struct Baresip {
    folder: TempDir,
    process: Child,
    control: TcpStream,
    read: Vec<u8>,
}

impl Baresip {
    /// Starts it as `user`, who will say `speech` (16 kHz) in its first call; `wire`: udp or tcp.
    pub async fn start(user: &str, wire: &str, speech: &[i16]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let says = folder.path().join("says.wav");
        write(&says, &resample::whole(speech, 16_000, RATE).expect("a rate that can be converted"));
        // Another program may take a port between our look and its bind: then others are looked for.
        for _ in 0..5 {
            let (sip, control) = (free_port(), free_port());
            std::fs::write(folder.path().join("config"), config(folder.path(), &says, sip, control)).expect("writable");
            let account = format!("<sip:{user}@127.0.0.1:{sip};transport={wire}>;regint=0;audio_codecs=PCMU,PCMA\n");
            std::fs::write(folder.path().join("accounts"), account).expect("writable");
            std::fs::write(folder.path().join("contacts"), "").expect("writable");
            let mut process = Command::new("baresip")
                .args(["-4", "-f"])
                .arg(folder.path())
                .stdin(std::process::Stdio::null())
                .stdout(std::process::Stdio::null())
                .stderr(std::process::Stdio::null())
                .kill_on_drop(true)
                .spawn()
                .expect("baresip is installed (Debian package baresip)");
            if let Some(control) = connect(control, &mut process).await {
                return Self { folder, process, control, read: Vec::new() };
            }
            process.kill().await.expect("it is ours to end");
        }
        panic!("baresip does not start");
    }

    /// Tells it to do something, and waits until it says that it has.
    pub async fn command(&mut self, command: &str, parameters: &str) -> String {
        let text = json!({"command": command, "params": parameters, "token": command}).to_string();
        let netstring = format!("{}:{text},", text.len());
        self.control.write_all(netstring.as_bytes()).await.expect("it listens");
        let answer = self.message(|message| message["response"] == true && message["token"] == command).await;
        assert_eq!(answer["ok"], true, "{command}: {answer}");
        answer["data"].as_str().unwrap_or_default().to_owned()
    }

    /// Waits until it reports this event.
    pub async fn event(&mut self, kind: &str) {
        self.message(|message| message["event"] == true && message["type"] == kind).await;
    }

    /// RTP packets of this call that have come so far, as its jitter buffer counts them.
    pub async fn heard_packets(&mut self) -> u32 {
        let report = self.command("audio_debug", "").await;
        let count = report.split("seq_put=").nth(1).expect("the report has a jitter buffer");
        count.trim().parse().expect("it counts packets")
    }

    /// Waits until more RTP has come than `before`.
    pub async fn hears_more_than(&mut self, before: u32) {
        until(async || (self.heard_packets().await > before).then_some(())).await;
    }

    /// Ends it; what it heard, at 16 kHz. Its recording breaks off at the first hold (1.0.0).
    pub async fn quit(mut self) -> Vec<i16> {
        self.command("quit", "").await;
        let status =
            tokio::time::timeout(PATIENCE, self.process.wait()).await.expect("it ends").expect("it is our child");
        assert!(status.success(), "{status}");
        let heard = std::fs::read_dir(self.folder.path()).expect("the folder is there").flatten();
        let heard = heard.map(|entry| entry.path()).find(|path| path.to_string_lossy().ends_with("-dec.wav"));
        let mut wav = hound::WavReader::open(heard.expect("it recorded what it heard")).expect("a whole file");
        assert_eq!((wav.spec().sample_rate, wav.spec().channels), (RATE, 1));
        let samples: Vec<i16> = wav.samples().collect::<Result<_, _>>().expect("16-bit samples");
        resample::whole(&samples, RATE, 16_000).expect("a rate that can be converted")
    }

    async fn message(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        let search = async {
            loop {
                while let Some(message) = self.next_read() {
                    if wanted(&message) {
                        return message;
                    }
                }
                let count = self.control.read_buf(&mut self.read).await.expect("its control port lives");
                assert!(count > 0, "baresip has ended");
            }
        };
        tokio::time::timeout(PATIENCE, search).await.expect("baresip reports it in time")
    }

    /// The next whole netstring.
    fn next_read(&mut self) -> Option<Value> {
        let colon = self.read.iter().position(|byte| *byte == b':')?;
        let length: usize =
            std::str::from_utf8(&self.read[..colon]).ok()?.parse().expect("netstrings begin with a length");
        let end = colon + 1 + length;
        if self.read.len() <= end {
            return None;
        }
        let message = serde_json::from_slice(&self.read[colon + 1..end]).expect("messages are JSON");
        self.read.drain(..=end);
        Some(message)
    }
}

/// Looks again and again until there is something to see.
pub async fn until<T>(mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let mut ticks = tokio::time::interval(LOOK);
    let looking = async {
        loop {
            ticks.tick().await;
            if let Some(seen) = look().await {
                return seen;
            }
        }
    };
    tokio::time::timeout(PATIENCE, looking).await.expect("it happens in time")
}

async fn connect(port: u16, process: &mut Child) -> Option<TcpStream> {
    until(async || match TcpStream::connect(("127.0.0.1", port)).await {
        Ok(stream) => Some(Some(stream)),
        Err(_) => process.try_wait().expect("it is our child").map(|_ended| None),
    })
    .await
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|socket| socket.local_addr())
        .map(|at: SocketAddr| at.port())
        .expect("a port")
}

fn write(path: &Path, samples: &[i16]) {
    let spec =
        hound::WavSpec { channels: 1, sample_rate: RATE, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
    let mut wav = hound::WavWriter::create(path, spec).expect("the folder is writable");
    for sample in samples {
        wav.write_sample(*sample).expect("the disk has room");
    }
    wav.finalize().expect("the disk has room");
}

/// No device of this machine is touched: aufile is the microphone, aubridge the loudspeaker, sndfile writes what passes.
fn config(folder: &Path, says: &Path, sip: u16, control: u16) -> String {
    let (folder, says) = (folder.display(), says.display());
    format!(
        "sip_listen 127.0.0.1:{sip}\nnet_interface 127.0.0.1\nctrl_tcp_listen 127.0.0.1:{control}\n\
         module_path {MODULES}\nmodule g711.so\nmodule aufile.so\nmodule aubridge.so\nmodule sndfile.so\n\
         module_tmp account.so\nmodule_app menu.so\nmodule_app ctrl_tcp.so\n\
         snd_path {folder}\naudio_source aufile,{says}\naudio_player aubridge,ear\naudio_alert aubridge,bell\n\
         ausrc_srate {RATE}\nauplay_srate {RATE}\nausrc_channels 1\nauplay_channels 1\n\
         rtp_ports 10000-19999\ncall_max_calls 1\n\
         jitter_buffer_delay 5-10\n"
    )
}
