//! How are frames of .trr files read?
//!
//! In GROMACS' full-precision trajectories every frame has a header with the sizes of its sections: box, virial, pressure, positions,
//! velocities and forces, in single or double precision.
use super::xdr::{BinaryFrame, XdrReader};
use super::{Frame, with_volume};

/// The first number of every frame.
const MAGIC: i32 = 1993;
/// The largest size of a header.
pub(super) const HEADER_BYTES: usize = 100;

/// The header of a frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    header_bytes: usize,
    is_double: bool,
    box_bytes: usize,
    /// Size of virial and pressure, which stand between box and positions.
    skipped_bytes: usize,
    pub frame: BinaryFrame,
}

/// The header that `bytes` begin with; none where they have another format.
pub(super) fn header(bytes: &[u8]) -> Option<Header> {
    let mut xdr = XdrReader(bytes);
    if xdr.i32()? != MAGIC {
        return None;
    }
    // The length of the version string with its terminator, then without.
    xdr.i32()?;
    let text = xdr.count()?;
    xdr.skip(text.checked_next_multiple_of(4)?)?;
    let sizes: Vec<usize> = (0..10).map(|_| xdr.count()).collect::<Option<_>>()?;
    let atoms = xdr.count()?;
    let step = xdr.i32()?.into();
    xdr.skip(4)?;
    let [inputs, energies, box_bytes, virial, pressure, topology, symbols, positions, velocities, forces] = *sizes
    else {
        return None;
    };
    let per_number = match (box_bytes, positions, velocities, forces) {
        (b, ..) if b > 0 => b / 9,
        (_, x, v, f) => x.max(v).max(f) / (3 * atoms).max(1),
    };
    let is_double = per_number == 8;
    if !(is_double || per_number == 4) || inputs + energies + topology + symbols > 0 {
        return None;
    }
    if positions > 0 && positions != 3 * atoms * per_number {
        return None;
    }
    let time_ps = if is_double { xdr.f64()? } else { f64::from(xdr.f32()?) };
    xdr.skip(per_number)?;
    let header_bytes = bytes.len() - xdr.0.len();
    let rest =
        [virial, pressure, positions, velocities, forces].iter().try_fold(box_bytes, |sum, n| sum.checked_add(*n))?;
    let bytes = header_bytes.checked_add(rest)?;
    let frame = BinaryFrame { atoms, time_ps, step, bytes, has_positions: positions > 0 };
    Some(Header { header_bytes, is_double, box_bytes, skipped_bytes: virial + pressure, frame })
}

/// Reads the first `atoms` positions of the frame that `bytes` begin with; none where it is damaged.
pub(super) fn frame(bytes: &[u8], atoms: usize, frame: &mut Frame) -> Option<()> {
    let header = header(bytes)?;
    frame.time_ps = Some(header.frame.time_ps);
    let mut xdr = XdrReader(&bytes[header.header_bytes..]);
    let next = |xdr: &mut XdrReader| if header.is_double { xdr.f64() } else { xdr.f32().map(f64::from) };
    frame.cell = None;
    if header.box_bytes > 0 {
        let mut cell = [[0.0; 3]; 3];
        for x in cell.as_flattened_mut() {
            *x = next(&mut xdr)?;
        }
        frame.cell = with_volume(cell);
    }
    xdr.skip(header.skipped_bytes)?;
    frame.positions.clear();
    for _ in 0..atoms.min(header.frame.atoms) {
        let mut position = [0.0; 3];
        for x in &mut position {
            *x = next(&mut xdr)? as f32;
        }
        frame.positions.push(position);
    }
    Some(())
}
