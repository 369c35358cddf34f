<?php
// notify.php?uid=ann&from=0&count=500 sends that many messages, one every few milliseconds: their numbers.
header('Content-Type: text/plain');
$from = (int) ($_GET['from'] ?? 0);
$end = $from + (int) ($_GET['count'] ?? 1);
for ($number = $from; $number < $end; $number++) {
    sso_notify($_GET['uid'], $number);
    usleep(4000);
}
echo $end;
