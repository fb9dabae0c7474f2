//! The weights' file: NumPy arrays one behind the other, in the order of the package's archive
//! (<https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>, version 1).

use ndarray::{Array1, Array2};

/// The arrays as they come; who reads them knows their order, and says their shapes.
pub(crate) struct Arrays {
    rest: std::vec::IntoIter<Array>,
}

struct Array {
    shape: Vec<usize>,
    kind: Kind,
    bytes: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Byte,
    Single,
    Double,
}

impl Kind {
    const fn size(self) -> usize {
        match self {
            Self::Byte => 1,
            Self::Single => 4,
            Self::Double => 8,
        }
    }
}

pub(crate) fn parse(mut file: &[u8]) -> Result<Arrays, &'static str> {
    let mut arrays = Vec::new();
    while !file.is_empty() {
        let (array, rest) = array(file).ok_or("it is not NumPy arrays")?;
        arrays.push(array);
        file = rest;
    }
    Ok(Arrays { rest: arrays.into_iter() })
}

fn array(file: &[u8]) -> Option<(Array, &[u8])> {
    let (length, rest) = file.strip_prefix(b"\x93NUMPY\x01\x00")?.split_first_chunk::<2>()?;
    let (header, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
    let header = std::str::from_utf8(header).ok().filter(|header| header.contains("'fortran_order': False"))?;
    let kind = header.split_once("'descr': '")?.1.split_once('\'')?.0;
    let kind = match kind {
        "|u1" | "|i1" => Kind::Byte,
        "<f4" => Kind::Single,
        "<f8" => Kind::Double,
        _ => return None,
    };
    let shape = header.split_once("'shape': (")?.1.split_once(')')?.0;
    let shape: Vec<usize> =
        shape.split(',').map(str::trim).filter(|n| !n.is_empty()).map(|n| n.parse().ok()).collect::<Option<_>>()?;
    let count = shape.iter().try_fold(kind.size(), |product, n| product.checked_mul(*n))?;
    let (bytes, rest) = rest.split_at_checked(count)?;
    Some((Array { shape, kind, bytes: bytes.to_owned() }, rest))
}

impl Arrays {
    fn next(&mut self, shape: &[usize], kind: Kind) -> Result<Array, &'static str> {
        self.rest
            .next()
            .filter(|array| array.shape == shape && array.kind == kind)
            .ok_or("its arrays are not the model's")
    }

    pub(crate) fn bytes(&mut self, shape: &[usize]) -> Result<Vec<u8>, &'static str> {
        Ok(self.next(shape, Kind::Byte)?.bytes)
    }

    fn singles(&mut self, shape: &[usize]) -> Result<Vec<f32>, &'static str> {
        let bytes = self.next(shape, Kind::Single)?.bytes;
        Ok(bytes.as_chunks::<4>().0.iter().map(|number| f32::from_le_bytes(*number)).collect())
    }

    pub(crate) fn row(&mut self, columns: usize) -> Result<Array1<f32>, &'static str> {
        Ok(Array1::from(self.singles(&[columns])?))
    }

    pub(crate) fn matrix(&mut self, rows: usize, columns: usize) -> Result<Array2<f32>, &'static str> {
        let numbers = self.singles(&[rows, columns])?;
        Array2::from_shape_vec((rows, columns), numbers).map_err(|_| "its arrays are not the model's")
    }

    /// A lone number.
    pub(crate) fn double(&mut self) -> Result<f64, &'static str> {
        let bytes = self.next(&[], Kind::Double)?.bytes;
        bytes.first_chunk::<8>().map(|number| f64::from_le_bytes(*number)).ok_or("its arrays are not the model's")
    }
}
