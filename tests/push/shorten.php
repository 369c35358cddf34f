<?php
// The session has a second left to live.
ini_set('session.gc_maxlifetime', 1);
session_start();
header('Content-Type: text/plain');
echo 'soon';
