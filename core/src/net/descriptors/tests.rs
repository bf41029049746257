use super::*;

#[test]
fn every_limit_is_shared_out() {
    // limit, kept back, extra, clients, origins
    for (limit, kept_back, extra, clients, origins) in [
        (64, 16, 4, 30, 14),
        (256, 16, 16, 150, 74),
        (1_024, 64, 64, 598, 298),
        (2_048, 128, 128, 1_195, 597),
        (20_000, 1_024, 1_250, 11_818, 5_908),
        (65_536, 1_024, 4_096, 32_768, 20_138),
        (1_048_576, 1_024, 4_096, 32_768, 32_768),
        (u64::MAX, 1_024, 4_096, 32_768, 32_768),
    ] {
        let shares = Shares::of(Some(limit));
        let limit = usize::try_from(limit).unwrap();
        assert_eq!(shares, Shares { limit, kept_back, extra, clients, origins });
    }
    assert_eq!(Shares::of(None), Shares::of(Some(65_536)));
}

#[test]
fn shares_never_come_to_more_than_there_is() {
    for limit in 8..5_000 {
        let Shares { limit, kept_back, extra, clients, origins } = Shares::of(Some(limit));
        assert!(kept_back + extra + clients + origins <= limit, "{limit}");
        assert!(clients > 0 && origins > 0 && kept_back > 0, "{limit}");
        assert_eq!(Shares::of(Some(limit as u64)).object(clients, origins), None);
    }
    // Fewer than a server can begin with.
    assert_eq!(Shares::of(Some(0)).origins, 1);
}

#[test]
fn bounds_that_do_not_fit_are_told_with_their_numbers() {
    let shares = Shares::of(Some(1_024));
    assert_eq!(shares.object(600, 296), None);
    let text = shares.object(600, 297).unwrap().to_string();
    assert!(
        ["600 connections of clients", "297 to origins", "1024", "leaves 896"].iter().all(|it| text.contains(it)),
        "{text}"
    );
    assert!(shares.object(usize::MAX, 1).is_some());
}

#[test]
fn the_limit_of_this_process_is_known() {
    let limit = sys::descriptor_limit().unwrap();
    assert!(limit >= 8);
    assert_eq!(Shares::now(), Shares::of(Some(limit)));
}

#[test]
fn what_is_allowed_counts_until_it_is_dropped() {
    // Alone in this process to allow so many.
    let huge = usize::MAX / 4;
    let allowed = Allowed::clients(huge);
    assert!(contradiction().unwrap().clients >= huge);
    drop(allowed);
    let allowed = Allowed::origins(huge);
    assert!(contradiction().unwrap().origins >= huge);
    drop(allowed);
    assert!(contradiction().is_none_or(|too_many| too_many.clients < huge && too_many.origins < huge));
}

#[test]
fn extra_ones_are_given_back() {
    let one = Extra::take(1, usize::MAX).unwrap();
    assert!(Extra::take(1, 0).is_none());
    let before = EXTRA.taken.load(Ordering::Relaxed);
    assert!(before >= 1);
    drop(one);
    assert!(Extra::take(usize::MAX / 2, usize::MAX / 2 - 1).is_none());
}
