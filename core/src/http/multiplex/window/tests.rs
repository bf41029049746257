use super::*;

const START: u32 = 64 << 10;
const MOST: u32 = 1 << 20;

/// Round trips of this length in which a client sends what it may, up to this rate.
fn grown(round_trip: Duration, per_second: f64, trips: usize) -> u32 {
    let mut now = Instant::now();
    let mut window = Window::new(START, MOST);
    let mut size = START;
    for _ in 0..trips {
        let sent = f64::from(size).min(per_second * round_trip.as_secs_f64()) as u64;
        window.arrived(sent);
        if !window.is_worth_asking() {
            continue;
        }
        window.ask(now);
        now += round_trip;
        window.arrived(sent);
        size = window.answered(now).unwrap_or(size);
    }
    size
}

#[test]
fn a_window_grows_with_what_a_client_can_send_and_no_further_than_its_bound() {
    let trip = Duration::from_millis(50);
    assert_eq!(grown(trip, 1e9, 20), MOST);
    assert_eq!(grown(trip, 4e6, 20), 512 << 10, "200 kB come in a round trip: nearly 256 KiB");
    assert_eq!(grown(trip, 1e5, 20), START);
}

#[test]
fn small_uploads_are_not_worth_a_question() {
    let mut window = Window::new(START, MOST);
    window.arrived(1000);
    assert!(!window.is_worth_asking());
    window.arrived(64 << 10);
    assert!(window.is_worth_asking());
    window.ask(Instant::now());
    assert!(!window.is_worth_asking() && window.is_asking());
    assert!(!Window::new(MOST, MOST).is_worth_asking());
}
