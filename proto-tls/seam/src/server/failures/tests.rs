use super::*;

#[tokio::test(start_paused = true)]
async fn so_many_are_told_a_second_and_all_are_counted() {
    let failures = Failures::default();
    let told: Vec<_> = (0..5).map(|_| failures.add(2)).collect();
    assert_eq!(told, [Some(0), Some(0), None, None, None]);
    tokio::time::advance(Duration::from_millis(999)).await;
    assert_eq!(failures.add(2), None);
    tokio::time::advance(Duration::from_millis(1)).await;
    assert_eq!((failures.add(2), failures.add(2), failures.add(2)), (Some(4), Some(0), None));
    assert_eq!(failures.all(), 9);
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(failures.add(0), None, "nothing is told where nothing may be");
}
