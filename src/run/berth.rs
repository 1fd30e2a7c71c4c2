//! Which cores do this rank's programs run on?
use super::exit::{Exit, Stop};
use super::say;
use crate::comm::Comm;
use crate::journal::codec;
use crate::process::cores::{self, Fault, Topology};
use crate::process::{Guard, Programs, Seat};
use std::sync::Arc;

/// What this rank starts programs of `threads` threads with; nothing where none are to be started. Collective, at the start: the ranks of
/// a node divide its cores among themselves. The inner error is this rank's own and not yet known to the others.
///
/// # Errors
/// MPI fails.
pub fn programs(
    comm: &mut dyn Comm,
    guard: Option<Arc<Guard>>,
    threads: Option<usize>,
) -> Result<Result<Option<Programs>, Stop>, Stop> {
    let Some(threads) = threads else { return Ok(Ok(None)) };
    let place = comm.place();
    // A node that does not tell its masks divides nothing: programs inherit what the rank has.
    let mask = cores::allowed().unwrap_or_default();
    let all = comm.gather(codec::encode(&(&place.host, place.local_rank, mask))?)?;
    let all = comm.broadcast((comm.rank() == 0).then(|| codec::encode(&all)).transpose()?)?;
    let mut masks = Vec::new();
    for rank in codec::decode::<Vec<Vec<u8>>>(&all)? {
        let (host, local_rank, mask): (String, usize, Vec<usize>) = codec::decode(&rank)?;
        if host == place.host {
            masks.push((local_rank, mask));
        }
    }
    masks.sort_unstable();
    let masks: Vec<Vec<usize>> = masks.into_iter().map(|(_, mask)| mask).collect();
    let Some(guard) = guard else {
        return Ok(Err(Stop::new(Exit::Internal, "no program can be started on this rank")));
    };
    let seat =
        Seat { rank: comm.rank(), local_rank: place.local_rank, local_size: place.local_size, node: cores::node() };
    if masks.iter().any(Vec::is_empty) {
        return Ok(Ok(Some(Programs::new(guard, Vec::new(), seat))));
    }
    let share = cores::share(&masks, place.local_rank, &Topology::read());
    match share.fault(threads) {
        // Slower, but what was asked for.
        Some(fault @ Fault::Oversubscribed { .. }) if comm.rank() == 0 => say::line(&format!("warning: {fault}")),
        Some(Fault::Oversubscribed { .. }) | None => {}
        Some(fault) => return Ok(Err(Stop::new(Exit::Configuration, fault.to_string()))),
    }
    Ok(Ok(Some(Programs::new(guard, share.cores, seat))))
}
