//! An nginx in front of a php-fpm pool.
//!
//! What always holds: the machine's nginx configuration is not read, and a failed request is not repeated.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use nix::unistd::Uid;

use crate::fpm::PhpFpm;
use crate::http::Browser;
use crate::process::{Server, free_port, program, read_lossy, start_on_free_port};
use crate::workdir::{WEB_USER, WorkDir};

/// A running server; stopped on drop.
#[derive(Debug)]
pub struct Nginx {
    // Before `dir`: the server is stopped while its directory still exists.
    server: Server,
    port: u16,
    dir: WorkDir,
}

impl Nginx {
    /// Serves the files in `docroot`, those that end in `.php` through `fpm`.
    ///
    /// # Panics
    /// With the log, if the server does not come up.
    pub fn start(docroot: &Path, fpm: &PhpFpm) -> Self {
        Self::start_hosts(docroot, &[("_", fpm)])
    }

    /// [`Self::start`] with further lines `inside` the server block and `outside` of it.
    ///
    /// # Panics
    /// With the log, if the server does not come up.
    pub fn start_site(docroot: &Path, fpm: &PhpFpm, outside: &str, inside: &str) -> Self {
        Self::start_servers(&|port| {
            outside.to_owned() + &server_conf("_", port, docroot, &fpm.socket(), inside)
        })
    }

    /// [`Self::start`] with several hosts on one port, each with its own pool.
    ///
    /// A request for another name gets the first host.
    ///
    /// # Panics
    /// With the log, if the server does not come up.
    pub fn start_hosts(docroot: &Path, hosts: &[(&str, &PhpFpm)]) -> Self {
        Self::start_servers(&|port| {
            let host =
                |(name, fpm): &(&str, &PhpFpm)| server_conf(name, port, docroot, &fpm.socket(), "");
            hosts.iter().map(host).collect()
        })
    }

    fn start_servers(servers: &dyn Fn(u16) -> String) -> Self {
        start_on_free_port(
            "nginx",
            "Address already in use",
            || Self::launch(servers),
            |nginx| {
                // Written once the sockets are bound: a server whose port was taken never writes it.
                let pid_file = nginx.dir.join("nginx.pid");
                let is_ready = || !read_lossy(&pid_file).is_empty();
                nginx.server.try_wait_ready(is_ready)
            },
            Self::error_log,
        )
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A new browser for this server, without cookies.
    pub fn browser(&self) -> Browser {
        Browser::new(&self.url())
    }

    pub fn error_log(&self) -> String {
        read_lossy(&self.dir.join("error.log")) + &self.server.log()
    }

    fn launch(servers: &dyn Fn(u16) -> String) -> Self {
        let dir = WorkDir::new();
        let port = free_port();
        let config = dir.write("nginx.conf", &nginx_conf(dir.path(), &servers(port)));
        let mut command = Command::new(program(&["nginx"], "nginx-light"));
        command
            .arg("-p")
            .arg(dir.path())
            .arg("-c")
            .arg(config)
            .arg("-e")
            .arg(dir.join("error.log"));
        let server = Server::spawn("nginx", &mut command, &dir.join("stderr.log"));
        Self { server, port, dir }
    }
}

/// Longer than the browsers' limit, so that the browser reports it.
const ANSWER_LIMIT: Duration = Duration::from_secs(120);

fn nginx_conf(dir: &Path, servers: &str) -> String {
    let dir = dir.display();
    let user = if Uid::effective().is_root() {
        format!("user {WEB_USER};")
    } else {
        String::new()
    };
    format!(
        r#"{user}
daemon off;
worker_processes 1;
pid {dir}/nginx.pid;
error_log {dir}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {dir}/body;
    fastcgi_temp_path {dir}/fastcgi;
    proxy_temp_path {dir}/proxy;
    scgi_temp_path {dir}/scgi;
    uwsgi_temp_path {dir}/uwsgi;
    types {{ text/html html; text/css css; application/javascript js; image/png png; image/svg+xml svg; }}
{servers}}}
"#
    )
}

fn server_conf(name: &str, port: u16, docroot: &Path, socket: &Path, inside: &str) -> String {
    let (docroot, socket) = (docroot.display(), socket.display());
    let limit = ANSWER_LIMIT.as_secs();
    format!(
        r#"    server {{
        listen 127.0.0.1:{port};
        server_name {name};
        root {docroot};
        index index.php index.html;
        {inside}
        location ~ \.php$ {{
            fastcgi_pass unix:{socket};
            fastcgi_next_upstream off;
            fastcgi_read_timeout {limit}s;
            fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
            fastcgi_param SCRIPT_NAME $fastcgi_script_name;
            fastcgi_param DOCUMENT_ROOT $document_root;
            fastcgi_param REQUEST_URI $request_uri;
            fastcgi_param QUERY_STRING $query_string;
            fastcgi_param REQUEST_METHOD $request_method;
            fastcgi_param CONTENT_TYPE $content_type;
            fastcgi_param CONTENT_LENGTH $content_length;
            fastcgi_param SERVER_PROTOCOL $server_protocol;
            fastcgi_param SERVER_NAME $host;
            fastcgi_param SERVER_ADDR $server_addr;
            fastcgi_param SERVER_PORT $server_port;
            fastcgi_param REMOTE_ADDR $remote_addr;
            fastcgi_param REMOTE_PORT $remote_port;
            fastcgi_param REDIRECT_STATUS 200;
        }}
    }}
"#
    )
}
