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

/// A window of this size to which so much comes while a PING is answered in so many milliseconds.
fn answered(window: &mut Window, arrived: u64, millis: u64) -> Option<u32> {
    let now = Instant::now();
    window.ask(now);
    window.arrived(arrived);
    window.answered(now + Duration::from_millis(millis))
}

#[test]
fn a_window_doubles_when_two_thirds_of_it_came_and_faster_than_before() {
    let most = u64::from(START) / 3 * 2;
    assert_eq!(answered(&mut Window::new(START, MOST), most - 1, 10), None);
    assert_eq!(answered(&mut Window::new(START, MOST), most, 10), Some(2 * START));
    let mut window = Window::new(START, MOST);
    assert_eq!(answered(&mut window, most, 10), Some(2 * START));
    // As much in each second as before.
    assert_eq!(answered(&mut window, 2 * most, 20), None);
    assert_eq!(answered(&mut window, 2 * most, 19), Some(4 * START));
}

#[test]
fn a_window_grows_to_its_bound_and_not_beyond() {
    let mut window = Window::new(START, START + 1);
    assert_eq!(answered(&mut window, START.into(), 10), Some(START + 1));
    window.arrived(u64::from(START) * 10);
    assert!(!window.is_worth_asking());
}

#[test]
fn what_came_before_a_question_does_not_count_for_its_answer() {
    let mut window = Window::new(START, MOST);
    window.arrived(u64::from(START));
    assert_eq!(answered(&mut window, 0, 10), None);
    assert!(!window.is_asking() && !window.is_worth_asking(), "nor for the next question");
    window.arrived(u64::from(START / 4) - 1);
    assert!(!window.is_worth_asking());
    window.arrived(1);
    assert!(window.is_worth_asking());
}

#[test]
fn an_answer_that_nobody_waits_for_says_nothing() {
    let mut window = Window::new(START, MOST);
    window.arrived(u64::from(START));
    assert_eq!(window.answered(Instant::now()), None);
}
