//! Webhooks whose server hangs, does not resolve or is unreachable, which delay no other endpoint.

use std::collections::HashSet;
use std::time::Duration;

use crate::common::backend::Backend;
use crate::common::receiver::{Receiver, Reply};
use crate::common::relay::{RelaySetup, SECRET, webhook};

use rsso_testkit::eventually;
use serde_json::json;

#[test]
fn an_endpoint_that_hangs_or_has_no_name_delays_nothing_else() {
    let (backend, setup) = (Backend::sqlite(), RelaySetup::new());
    let hanging = Receiver::start(|_, _| Reply {
        status: 200,
        delay: Duration::from_secs(30),
        ..Reply::default()
    });
    let accepting_all = Receiver::accepting_all();
    let tables = format!(
        "{}[[webhook]]\nname = \"nowhere\"\nurl = \"https://hook.invalid/\"\nsecrets = \"{SECRET}\"\n\
         retry_schedule = []\n\
         [[webhook]]\nname = \"willing\"\nurl = \"{}\"\nsecrets = \"{SECRET}\"\n",
        webhook(&hanging.url(), "[0]", "timeout = 1"),
        accepting_all.url()
    );
    let gateway = setup.gateway(&backend, &tables);
    let mut app = backend.application();
    let started = std::time::Instant::now();
    app.log_in("a", "ann", "web");
    let mut socket = gateway.socket("a", None).unwrap();
    for n in 0..20 {
        app.notify("ann", None, &json!(n));
    }
    accepting_all.wait_for(21);
    socket.event();
    (0..20).for_each(|_| drop(socket.event()));
    // The server that hangs has had one or two requests by now.
    assert!(
        started.elapsed() < Duration::from_secs(10),
        "{:?}",
        started.elapsed()
    );
    let dead = {
        let listed = || setup.webhooks(&[])["endpoints"][0].clone();
        eventually("a time-out", Duration::from_secs(20), || {
            let listed = listed();
            (listed["dead"].as_i64() > Some(0)).then_some(listed)
        })
    };
    assert_eq!(dead["dead_letters"][0]["problem"], "no answer in time");
    let nowhere = setup.webhooks(&["--endpoint", "nowhere"]);
    let problem = &nowhere["endpoints"][0]["dead_letters"][0]["problem"];
    let problem = problem.as_str().expect("a name is looked up by then");
    assert!(problem.starts_with("no connection"), "{problem}");
}

#[test]
fn an_unreachable_endpoint_is_not_tried_for_each_event() {
    let (backend, setup, receiver) = (
        Backend::sqlite(),
        RelaySetup::new(),
        Receiver::accepting_all(),
    );
    let (url, port) = (receiver.url(), receiver.port);
    drop(receiver);
    let gateway = setup.gateway(&backend, &webhook(&url, "[1, 1, 1, 1, 1, 1, 1, 1]", ""));
    let mut app = backend.application();
    app.log_in("a", "ann", "web");
    for n in 0..29 {
        app.notify("ann", None, &json!(n));
    }
    setup.wait_for(0, 30, 0);
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
    setup.wait_for(0, 0, 0);
}
