//! Servers that do not treat all connections alike, whatever the requests say.

use futures::future::FutureExt;
use http::StatusCode;
use ws101::doctor::{Cause, Seen};

use crate::ward::{Illness, diagnosed, told};

/// Lets in those connections whose number is so, and answers the others with 503.
macro_rules! lets_in {
    ($number:ident => $is_let_in:expr) => {
        |mut call| {
            async move {
                let $number = call.before;
                if $is_let_in {
                    call.switch("").await;
                    call.answer_pings().await;
                } else {
                    let refusal = "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n";
                    call.say(refusal).await;
                    call.hold().await;
                }
            }
            .boxed()
        }
    };
}

const REFUSED: Seen = Seen::Status(StatusCode::SERVICE_UNAVAILABLE);

/// Behind a balancer that takes its servers in turn, one of them does not work.
#[tokio::test(flavor = "multi_thread")]
async fn a_balancer_with_one_bad_server_is_no_matter_of_headers() {
    let balancers: [Illness; 4] = [
        lets_in!(number => number % 2 == 0),
        lets_in!(number => number % 3 != 1),
        lets_in!(number => number % 3 != 2),
        lets_in!(number => number % 4 != 1),
    ];
    for balancer in balancers {
        let (diagnosis, _) = diagnosed(balancer).await;
        let cause = diagnosis.cause.as_ref();
        assert_eq!(cause, Some(&Cause::Sometimes(REFUSED)), "{}", told(&diagnosis));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_lets_in_nobody_any_more_is_told() {
    let (diagnosis, _) = diagnosed(lets_in!(number => number == 0)).await;
    let cause = diagnosis.cause.as_ref();
    assert_eq!(cause, Some(&Cause::NoLonger(REFUSED)), "{}", told(&diagnosis));
    let dies: Illness = |mut call| {
        async move {
            if call.before == 0 {
                call.switch("").await;
                call.answer_pings().await;
            }
        }
        .boxed()
    };
    let (diagnosis, _) = diagnosed(dies).await;
    let cause = diagnosis.cause.as_ref();
    assert!(matches!(cause, Some(Cause::NoLonger(_))), "{cause:?} {}", told(&diagnosis));
}
