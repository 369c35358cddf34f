//! Webhooks whose server hangs, has no name, or is not there: what that costs others, and itself.

use std::collections::HashSet;
use std::time::Duration;

use crate::common::push::Backing;
use crate::common::receiver::{Receiver, Reply};
use crate::common::relay::{Office, SECRET, webhook};
use rsso_testkit::eventually;
use serde_json::json;

#[test]
fn an_endpoint_that_hangs_or_has_no_name_holds_up_no_other_and_not_the_gateway() {
    let (backing, office) = (Backing::sqlite(), Office::new());
    let hanging = Receiver::start(|_, _| Reply {
        status: 200,
        after: Duration::from_secs(30),
        ..Reply::default()
    });
    let willing = Receiver::willing();
    let tables = format!(
        "{}[[webhook]]\nname = \"nowhere\"\nurl = \"https://hook.invalid/\"\nsecrets = \"{SECRET}\"\n\
         retry_after = []\n\
         [[webhook]]\nname = \"willing\"\nurl = \"{}\"\nsecrets = \"{SECRET}\"\n",
        webhook(&hanging.url(), "[0]", "timeout = 1"),
        willing.url()
    );
    let gateway = office.gateway(&backing, &tables);
    let mut site = backing.site();
    let started = std::time::Instant::now();
    site.log_in("a", "ann", "web");
    let mut socket = gateway.socket("a", None).unwrap();
    for n in 0..20 {
        site.notify("ann", None, &json!(n));
    }
    willing.wait_for(21);
    socket.event();
    (0..20).for_each(|_| drop(socket.event()));
    // The hanging one has been asked once or twice by then.
    assert!(
        started.elapsed() < Duration::from_secs(10),
        "{:?}",
        started.elapsed()
    );
    let dead = {
        let listed = || office.webhooks(&[])["endpoints"][0].clone();
        eventually("a time-out", Duration::from_secs(20), || {
            let listed = listed();
            (listed["dead"].as_i64() > Some(0)).then_some(listed)
        })
    };
    assert_eq!(dead["dead_letters"][0]["problem"], "no answer in time");
    let nowhere = office.webhooks(&["--endpoint", "nowhere"]);
    let problem = &nowhere["endpoints"][0]["dead_letters"][0]["problem"];
    let problem = problem.as_str().expect("a name is looked up by then");
    assert!(problem.starts_with("no connection"), "{problem}");
}

#[test]
fn an_endpoint_that_is_not_there_is_not_asked_by_each_event() {
    let (backing, office, receiver) = (Backing::sqlite(), Office::new(), Receiver::willing());
    let (url, port) = (receiver.url(), receiver.port);
    drop(receiver);
    let gateway = office.gateway(&backing, &webhook(&url, "[1, 1, 1, 1, 1, 1, 1, 1]", ""));
    let mut site = backing.site();
    site.log_in("a", "ann", "web");
    for n in 0..29 {
        site.notify("ann", None, &json!(n));
    }
    office.wait_for(0, 30, 0);
    let failed = "rsso_relay_deliveries_total{endpoint=\"hook\",result=\"failed\"}";
    let attempts = eventually("it is asked again", Duration::from_secs(30), || {
        let attempts = gateway.metric(failed);
        (attempts >= 3.0).then_some(attempts)
    });
    assert!(attempts < 10.0, "{attempts}");
    let receiver = Receiver::start_at(port, None, Box::new(|_, _| Reply::status(200)));
    let requests = receiver.wait_for(30);
    let ids: HashSet<_> = requests.iter().map(|request| request.id()).collect();
    assert_eq!(ids.len(), 30);
    office.wait_for(0, 0, 0);
}
