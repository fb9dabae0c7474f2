//! One connection for all questions of this process, made anew by itself: to one server, or to the nodes of a cluster.

use std::time::Duration;

use redis::aio::{ConnectionLike, ConnectionManager, ConnectionManagerConfig};
use redis::cluster::{ClusterClient, ClusterConfig};
use redis::cluster_async::ClusterConnection;
use redis::io::tcp::TcpSettings;
use redis::{
    Client, Cmd, ConnectionInfo, IntoConnectionInfo, Pipeline, RedisError, RedisFuture, RedisResult, Value, cmd,
};

use super::super::config::StateConfig;

/// To a server that is down: between two tries at most so long, and after so many the next question begins anew.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
const TRIES: usize = 4;

/// TCP, TLS and the password.
const CONNECT: Duration = Duration::from_secs(1);

/// A question to a cluster may meet a slot that has moved, and a node that is gone.
const REDIRECTIONS: u32 = 3;

/// See the module header. Cheap to clone.
#[derive(Clone)]
pub(super) enum Connection {
    One(ConnectionManager),
    Cluster(ClusterConnection),
}

impl Connection {
    /// Connects when it is first asked; the error is `key: what is wrong; what to write instead`.
    pub(super) fn new(config: &StateConfig) -> Result<Self, String> {
        let password = config.password.as_ref().map(|source| source.read()).transpose();
        let password = password.map_err(|what| format!("state.password: {what}"))?;
        // All calls ask on one connection: without this a question waits until the server has taken what another call asked.
        let at_once = TcpSettings::default().set_nodelay(true);
        let node = |url: &String| -> RedisResult<ConnectionInfo> {
            let info = url.as_str().into_connection_info()?;
            let mut login = info.redis_settings().clone();
            if let Some(password) = &password {
                login = login.set_password(password.expose());
            }
            if let Some(user) = &config.user {
                login = login.set_username(user);
            }
            Ok(info.set_redis_settings(login).set_tcp_settings(at_once.clone()))
        };
        let nodes = config.redis.iter().map(node).collect::<RedisResult<Vec<_>>>().map_err(|e| unusable(&e))?;
        let deadline = Duration::from_millis(config.deadline_ms);
        if config.is_cluster() {
            let client = ClusterClient::builder(nodes)
                .tcp_settings(at_once)
                .retries(REDIRECTIONS)
                .max_retry_wait(50)
                .min_retry_wait(5)
                .connection_timeout(CONNECT)
                .response_timeout(deadline)
                .overall_response_timeout(Some(deadline))
                .build()
                .map_err(|e| unusable(&e))?;
            let settings = ClusterConfig::new().set_connection_timeout(CONNECT).set_response_timeout(deadline);
            return Ok(Self::Cluster(client.get_pending_async_connection_with_config(settings)));
        }
        let node = nodes.into_iter().next().ok_or("state.redis: empty; write an address")?;
        let client = Client::open(node).map_err(|e| unusable(&e))?;
        let settings = ConnectionManagerConfig::new()
            .set_max_delay(LONGEST_PAUSE)
            .set_number_of_retries(TRIES)
            .set_connection_timeout(Some(CONNECT))
            // Ours is the shorter one, and it says so.
            .set_response_timeout(Some(2 * deadline));
        ConnectionManager::new_lazy_with_config(client, settings).map(Self::One).map_err(|e| unusable(&e))
    }

    /// Of one server; of a cluster, of one of its nodes.
    pub(super) async fn info(&mut self) -> RedisResult<String> {
        match self {
            Self::One(one) => cmd("INFO").query_async(one).await,
            Self::Cluster(cluster) => {
                let node = redis::cluster_routing::RoutingInfo::SingleNode(
                    redis::cluster_routing::SingleNodeRoutingInfo::Random,
                );
                let value = cluster.route_command(cmd("INFO"), node).await?;
                Ok(redis::from_redis_value(value)?)
            }
        }
    }
}

fn unusable(error: &RedisError) -> String {
    format!("state.redis: {error}; write for example redis://10.0.0.5:6379, or rediss:// for TLS")
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::One(one) => one.req_packed_command(command),
            Self::Cluster(cluster) => cluster.req_packed_command(command),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::One(one) => one.req_packed_commands(pipeline, offset, count),
            Self::Cluster(cluster) => cluster.req_packed_commands(pipeline, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::One(one) => one.get_db(),
            Self::Cluster(cluster) => cluster.get_db(),
        }
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::One(_) => "Connection::One",
            Self::Cluster(_) => "Connection::Cluster",
        })
    }
}
