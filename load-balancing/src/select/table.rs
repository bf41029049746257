//! From weights to an order of turns.

/// Turns in a table at most, before each backend that would have none gets its one. 16 KiB.
pub(super) const TURNS: u64 = 4096;

/// Above this many steps (backends × turns) the exact order would take milliseconds to compute.
const STEPS: u64 = 1 << 22;

/// The order of turns for these weights: places in the set, each as often as its weight says, spread as evenly as they go.
///
/// Shape:   empty if all weights are 0; otherwise every weight above 0 has at least one turn, a weight of 0 has none.
/// Units:   at most [`TURNS`] plus one turn for each backend. Weights whose sum, divided by what they have in common, is above
///          [`TURNS`] are scaled down to it: a share is then exact to one turn in 4096.
/// Cost:    O(backends × turns), and O(turns × log turns) for sets where that is above four million.
pub(super) fn turns(weights: &[u32]) -> Box<[u32]> {
    let shares = shares(weights);
    let total: u64 = shares.iter().sum();
    if (shares.len() as u64).saturating_mul(total) <= STEPS { smooth(&shares, total) } else { spread(&shares, total) }
}

/// Turns for each weight, reduced by what they have in common and scaled to the table.
fn shares(weights: &[u32]) -> Vec<u64> {
    let weights: Vec<u64> = weights.iter().copied().map(u64::from).collect();
    let reduced = reduce(weights);
    let total: u64 = reduced.iter().sum();
    if total <= TURNS { reduced } else { reduce(reduced.into_iter().map(|weight| scale(weight, total)).collect()) }
}

/// `weight` of `total` as turns of [`TURNS`], rounded to the nearest, at least one unless it is 0. `weight` is below 2³², so nothing overflows.
fn scale(weight: u64, total: u64) -> u64 {
    match weight {
        0 => 0,
        _ => ((weight * TURNS + total / 2) / total).max(1),
    }
}

fn reduce(mut weights: Vec<u64>) -> Vec<u64> {
    let common = weights.iter().copied().fold(0, gcd);
    if common > 1 {
        weights.iter_mut().for_each(|weight| *weight /= common);
    }
    weights
}

fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Each turn, everybody earns their share; the richest (the first of equals) has the turn and pays the total.
fn smooth(shares: &[u64], total: u64) -> Box<[u32]> {
    let total = total as i64; // at most TURNS + the number of backends
    let mut earned = vec![0_i64; shares.len()];
    let mut order = Vec::with_capacity(total as usize);
    for _ in 0..total {
        let mut richest = 0;
        for (place, share) in shares.iter().enumerate() {
            earned[place] += *share as i64;
            if earned[place] > earned[richest] {
                richest = place;
            }
        }
        earned[richest] -= total;
        order.push(richest as u32);
    }
    order.into()
}

/// Each turn of a share stands in the middle of its part of the round; equal moments in the order of the set.
fn spread(shares: &[u64], total: u64) -> Box<[u32]> {
    let mut moments: Vec<(u64, u32)> = Vec::with_capacity(total as usize);
    for (place, share) in shares.iter().enumerate() {
        moments.extend((0..*share).map(|turn| ((2 * turn + 1) * ROUND / (2 * share), place as u32)));
    }
    moments.sort_unstable();
    moments.into_iter().map(|(_, place)| place).collect()
}

/// A round in the fine units of [`spread`]; times twice the most turns it is far below 2⁶⁴.
const ROUND: u64 = 1 << 32;

#[cfg(test)]
mod tests;
