//! Where the weights of the embedded speech and of the rule-based brain are. They are fetched by `make models`, never kept in the repository.

use std::path::{Path, PathBuf};

/// The folder that holds the models: `ATTENDANT_MODELS_DIR`, else the user's cache.
pub fn folder() -> PathBuf {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("ATTENDANT_MODELS_DIR").unwrap_or_else(|| {
        set("XDG_CACHE_HOME")
            .or_else(|| set("HOME").map(|home| home.join(".cache")))
            .unwrap_or_default()
            .join("attendant/models")
    })
}

/// The files that one part of the embedded speech, or of the brain, needs, under [`folder`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// English only: quicker and better at it.
    WhisperTinyEnglish,
    /// Every other language.
    WhisperBase,
    /// The English voice.
    Hibari,
    OnnxRuntime,
    /// What the rule-based brain knows of language; it works without.
    SentenceEncoder,
}

impl Model {
    pub const ALL: [Self; 5] =
        [Self::WhisperTinyEnglish, Self::WhisperBase, Self::Hibari, Self::OnnxRuntime, Self::SentenceEncoder];

    pub fn path(self) -> PathBuf {
        folder().join(match self {
            Self::WhisperTinyEnglish => "whisper-tiny.en",
            Self::WhisperBase => "whisper-base",
            Self::Hibari => "hibari",
            Self::OnnxRuntime => "onnxruntime",
            Self::SentenceEncoder => "sentence-encoder",
        })
    }

    const fn files(self) -> &'static [&'static str] {
        match self {
            Self::WhisperTinyEnglish | Self::WhisperBase => {
                &["config.json", "model.bin", "tokenizer.json", "vocabulary.txt", "preprocessor_config.json"]
            }
            Self::Hibari => &["hibari.onnx", "vocab.json"],
            Self::OnnxRuntime => &["libonnxruntime.so"],
            Self::SentenceEncoder => attendant_sentence::FILES,
        }
    }

    /// The first file that is missing.
    pub fn missing(self) -> Option<PathBuf> {
        let path = self.path();
        self.files().iter().map(|file| path.join(file)).find(|file| !Path::is_file(file))
    }
}
