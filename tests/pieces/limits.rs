//! Buckets and caps by themselves.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use tokio::time::advance;
use ws101::limits::{Allowance, Bucket, Caps, Permit};

const FAR: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const NEAR: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

const AMPLE: Allowance = Allowance {
    connections: 1_000,
    per_address: 1_000,
    arrivals: 50,
    messages: 0,
    bytes: 0,
    max_message_bytes: 0,
};

#[tokio::test(start_paused = true)]
async fn a_bucket_holds_a_burst_and_fills_again() {
    let mut bucket = Bucket::per_second(10, 3);
    for _ in 0..2 {
        assert_eq!([(); 3].map(|()| bucket.take()), [Ok(()); 3]);
        assert_eq!(bucket.take(), Err(Duration::from_millis(100)));
        advance(Duration::from_millis(100)).await;
        assert_eq!(bucket.take(), Ok(()));
        assert_eq!(bucket.take(), Err(Duration::from_millis(100)));
        // However long nobody asks, it holds no more than its burst.
        advance(Duration::from_secs(60)).await;
    }
    let mut endless = Bucket::per_second(0, 0);
    assert!((0..10_000).all(|_| endless.take().is_ok()), "a rate of 0 is no limit");
}

#[tokio::test]
async fn caps_are_for_all_and_for_each_address() {
    let caps = Caps::new(Allowance { connections: 3, per_address: 1, arrivals: 0, ..AMPLE });
    let far = caps.enter(FAR).expect("the first");
    assert!(caps.enter(FAR).is_none(), "one from each address");
    let near: Vec<_> = (0..2).map_while(|_| caps.enter(NEAR)).collect();
    assert_eq!(near.len(), 2, "this computer's own are not counted by address");
    assert!(caps.enter(NEAR).is_none(), "three in all");
    drop(far);
    assert!(caps.enter(FAR).is_some(), "who leaves makes room");
}

#[tokio::test(start_paused = true)]
async fn an_address_has_a_rate_of_its_own_for_a_whole_class() {
    let caps = Caps::new(Allowance { messages: 1, arrivals: 0, ..AMPLE });
    // Each of 40 says 4 at once, which is its burst; the address may say 30 times that: 120.
    let mut class: Vec<_> = (0..40).map(|_| caps.enter(FAR).expect("there is room")).collect();
    let said = class.iter_mut().flat_map(|pupil| [(); 4].map(|()| pupil.message()));
    assert_eq!(said.flatten().count(), 120);
}

#[tokio::test(start_paused = true)]
async fn whoever_leaves_and_comes_back_has_said_what_they_said() {
    let caps = Caps::new(Allowance { messages: 1, arrivals: 0, ..AMPLE });
    let class = || (0..40).map(|_| caps.enter(FAR).expect("there is room")).collect::<Vec<_>>();
    let said = |mut class: Vec<Permit>| {
        class.iter_mut().flat_map(|pupil| [(); 4].map(|()| pupil.message())).flatten().count()
    };
    assert_eq!(said(class()), 120);
    advance(Duration::from_secs(1)).await;
    assert_eq!(said(class()), 30, "what a second brings");
}

#[tokio::test(start_paused = true)]
async fn so_many_are_remembered_who_left_and_no_more() {
    let caps = Caps::new(Allowance { connections: 1, arrivals: 1, ..AMPLE });
    // What is not kept has left at once.
    let comes = |ip: IpAddr| caps.enter(ip).is_some();
    assert_eq!((0..5).filter(|_| comes(FAR)).count(), 4);
    let others = |range: std::ops::Range<u32>| {
        range.filter(|&n| comes(Ipv4Addr::from_bits(0x0a00_0000 + n).into())).count()
    };
    assert_eq!(others(0..1_000), 1_000);
    assert!(!comes(FAR), "it is remembered");
    assert_eq!(others(1_000..2_000), 1_000);
    assert!(comes(FAR), "it is forgotten");
}

#[tokio::test(start_paused = true)]
async fn an_address_comes_so_often_and_no_more() {
    let caps = Caps::new(AMPLE);
    // A whole class at once; whoever leaves and comes back is counted again.
    assert_eq!((0..500).filter(|_| caps.enter(FAR).is_some()).count(), 200);
    assert!(caps.enter("192.0.2.2".parse().unwrap()).is_some(), "others may come");
    assert!(caps.enter(NEAR).is_some(), "and this computer's own");
    advance(Duration::from_secs(1)).await;
    assert_eq!((0..500).filter(|_| caps.enter(FAR).is_some()).count(), 50);
}

#[tokio::test]
async fn a_home_is_one_address_however_many_it_has() {
    let caps = Caps::new(Allowance { per_address: 1, ..AMPLE });
    let enter = |ip: &str| caps.enter(ip.parse().unwrap());
    let _home = enter("2001:db8:0:1::1").expect("the first");
    assert!(enter("2001:db8:0:1:ffff::2").is_none(), "the same network");
    assert!(enter("2001:db8:0:2::1").is_some(), "another");
    let _v4 = enter("::ffff:192.0.2.1").expect("IPv4, as `::` shows it");
    assert!(enter("192.0.2.1").is_none(), "the same");
    assert!(enter("::ffff:192.0.2.2").is_some(), "another");
    assert!((0..9).all(|_| enter("::ffff:127.0.0.1").is_some()), "this computer");
}

#[tokio::test(start_paused = true)]
async fn bytes_are_counted_for_a_client_and_for_its_address() {
    const LONGEST: usize = 64 * 1024;
    let unlimited = Allowance { messages: 0, arrivals: 0, ..AMPLE };
    let caps = Caps::new(Allowance { bytes: 1_000, max_message_bytes: 1_500, ..unlimited });
    let mut near = caps.enter(NEAR).expect("there is room");
    assert_eq!([(); 4].map(|()| near.message_of(1_000)), [Ok(()); 4], "four at once");
    assert_eq!(near.message_of(1_000), Err(Duration::from_secs(1)), "then one a second");
    assert_eq!(near.message_of(500), Err(Duration::from_millis(500)));
    assert_eq!(near.message_of(0), Ok(()), "what was refused was not counted");
    // Each of ten says 4,000 at once; their address may say eight times that.
    let mut class: Vec<_> = (0..10).map(|_| caps.enter(FAR).expect("there is room")).collect();
    let said = class.iter_mut().flat_map(|pupil| [(); 4].map(|()| pupil.message_of(1_000)));
    assert_eq!(said.flatten().count(), 32);
    // However low the rate is, the longest message is short enough, once.
    let caps = Caps::new(Allowance { bytes: 1, max_message_bytes: LONGEST, ..unlimited });
    let mut far = caps.enter(FAR).expect("there is room");
    assert_eq!(far.message_of(LONGEST), Ok(()));
    assert!(far.message_of(LONGEST).is_err_and(|wait| wait > Duration::from_secs(65_000)));
}

#[tokio::test(start_paused = true)]
async fn whose_rate_is_used_up_is_remembered_longest() {
    let caps = Caps::new(Allowance { connections: 1, arrivals: 1, ..AMPLE });
    let comes = |ip: IpAddr| caps.enter(ip).is_some();
    let other = |n: u32| comes(Ipv4Addr::from_bits(0x0a00_0000 + n).into());
    // Those who came once are forgotten after a second; FAR has used up four.
    assert_eq!((0..1_000).filter(|&n| other(n)).count(), 1_000);
    assert_eq!((0..5).filter(|_| comes(FAR)).count(), 4);
    advance(Duration::from_millis(1_001)).await;
    assert!(comes(FAR), "what a second brings");
    assert_eq!((1_000..1_500).filter(|&n| other(n)).count(), 500);
    assert!(!comes(FAR), "others made it forget those who had filled again, and not FAR");
}
