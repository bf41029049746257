use super::{Quota, Spare};

#[test]
fn permits_lent_out_never_exceed_the_limit() {
    for limit in [0, 1, 2, 7, 100, 5_000] {
        let quota = Quota::new(limit, 4);
        let mut holders: Vec<Spare> = (0..4).map(|_| Spare::default()).collect();
        let mut spent = 0;
        while let Some(holder) = holders.get_mut(spent % 4) {
            if !holder.spend(&quota) {
                for holder in &mut holders {
                    holder.call_in(&quota);
                }
                if quota.free() == 0 {
                    break;
                }
                continue;
            }
            spent += 1;
        }
        assert_eq!(spent, limit);
    }
}

#[test]
fn what_comes_and_goes_leaves_the_shared_counter_alone() {
    let quota = Quota::new(1_000, 4);
    let mut holder = Spare::default();
    assert!(holder.spend(&quota));
    let free = quota.free();
    for _ in 0..100 {
        holder.keep(&quota);
        assert!(holder.spend(&quota));
        assert_eq!(quota.free(), free);
    }
}

#[test]
fn a_holder_keeps_two_batches_at_most() {
    let quota = Quota::new(1_000, 1);
    let mut holder = Spare::default();
    for _ in 0..500 {
        assert!(holder.spend(&quota));
    }
    for _ in 0..500 {
        holder.keep(&quota);
        assert!(holder.0 <= 2 * quota.batch);
    }
    assert!(holder.call_in(&quota));
    assert!(!holder.call_in(&quota));
    assert_eq!(quota.free(), 1_000);
}
