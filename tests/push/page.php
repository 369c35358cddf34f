<?php
// A page that loads the gateway's client. It starts no session: the browser keeps the cookie that it has.
// No script or style but files of this site.
header("Content-Security-Policy: default-src 'self'");
?>
<!doctype html>
<html lang="en">
<meta name="viewport" content="width=device-width">
<title>Orders</title>
<h1>Orders</h1>
<script type="module" src="page.js"></script>
