<?php
// Ends the session, and with it its login.
session_start();
session_destroy();
header('Content-Type: text/plain');
echo 'signed out';
