<?php
// What a page asks every few seconds, and makes nothing of: with an id that is dead, strict mode gives another one.
session_start();
header('Content-Type: text/plain');
echo 'nothing new';
