//! Runs the network: symbol numbers in, five spectra and a pitch curve out, one column per 12.5 ms.

use std::fmt;

use ort::session::Session;
use ort::value::Tensor;

use super::LoadError;
use crate::models::Model;

/// Frequencies in a column.
pub(super) const BINS: usize = 601;

/// What the network says about a sentence. Each spectrum has [`BINS`] rows of as many columns as `pitch` has values.
pub(super) struct Spectra {
    /// Logarithmic magnitude and phase turn (before `tanh`) of the voiced part.
    pub(super) voiced: Vec<f32>,
    pub(super) turn: Vec<f32>,
    /// Logarithmic magnitude of the noise.
    pub(super) noise: Vec<f32>,
    /// Logarithmic magnitude and phase of what is neither.
    pub(super) rest: Vec<f32>,
    pub(super) phase: Vec<f32>,
    /// Hz; below 40 unvoiced.
    pub(super) pitch: Vec<f32>,
}

pub(super) struct Network(Session);

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Network")
    }
}

impl Network {
    pub(super) fn load() -> Result<Self, LoadError> {
        for model in [Model::OnnxRuntime, Model::Hibari] {
            if let Some(file) = model.missing() {
                return Err(LoadError::Missing(file));
            }
        }
        let broken = |error: &dyn fmt::Display| LoadError::Broken(error.to_string());
        let library = Model::OnnxRuntime.path().join("libonnxruntime.so");
        let runtime = ort::init_from(&library).map_err(|error| broken(&error))?;
        let runtime = runtime.build().map_err(|error| broken(&error))?;
        let session = Session::builder(&runtime)
            .map_err(|error| broken(&error))?
            .with_intra_threads(1)
            .map_err(|error| broken(&error))?
            .commit_from_file(Model::Hibari.path().join("hibari.onnx"))
            .map_err(|error| broken(&error))?;
        Ok(Self(session))
    }

    pub(super) fn run(&mut self, ids: &[i64]) -> Result<Spectra, String> {
        let text = |error: ort::Error| error.to_string();
        let numbers = Tensor::from_array(([1, ids.len()], ids.to_vec())).map_err(text)?;
        let speed = Tensor::from_array(([1], vec![1.0_f32])).map_err(text)?;
        let outputs = self.0.run(ort::inputs!["ids" => numbers, "speed" => speed]).map_err(text)?;
        let take = |place: usize| -> Result<Vec<f32>, String> {
            let (_, values) = outputs[place].try_extract_tensor::<f32>().map_err(text)?;
            Ok(values.to_vec())
        };
        let spectra = Spectra {
            voiced: take(0)?,
            turn: take(1)?,
            noise: take(2)?,
            rest: take(3)?,
            phase: take(4)?,
            pitch: take(5)?,
        };
        let columns = spectra.pitch.len();
        let whole = [&spectra.voiced, &spectra.turn, &spectra.noise, &spectra.rest, &spectra.phase];
        if whole.iter().any(|values| values.len() != columns * BINS) {
            return Err("the network's output has another shape than expected".to_owned());
        }
        Ok(spectra)
    }
}
