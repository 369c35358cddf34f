<?php
// kick.php?uid=ann ends the user's logins, as an administrator would. Answers with how many.
header('Content-Type: text/plain');
echo sso_kick($_GET['uid']);
