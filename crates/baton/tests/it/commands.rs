//! Commands that need no server: settings, help, doctor, sandbox.

use crate::api::{Api, Connection};
use crate::process::{Baton, Database, command, run};

#[tokio::test]
async fn unknown_settings_are_refused_with_the_nearest_name() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("baton.toml");
    std::fs::write(&file, "[server]\nlisten = \"127.0.0.1:0\"\nrol = \"all\"\n").unwrap();
    let mut serve = command();
    let said = run(serve.args(["serve", "--config"]).arg(&file)).await;
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.err.contains("baton.toml:3"), "{}", said.err);
    assert!(said.err.contains("`role`"), "{}", said.err);

    let said = run(command().arg("serve").env("BATON_DATABSE", "x")).await;
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.err.contains("BATON_DATABSE") && said.err.contains("`BATON_DATABASE`"));

    let said = run(command().args(["serve", "--lisen", "x"])).await;
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.err.contains("--listen"), "{}", said.err);

    let said = run(command().args(["serve", "--role", "web", "--data"]).arg(dir.path())).await;
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.err.contains("PostgreSQL"), "{}", said.err);
}

#[tokio::test]
async fn the_printed_settings_can_be_used_as_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let printed = run(command().args(["serve", "--print-config"])).await;
    let file = dir.path().join("baton.toml");
    std::fs::write(&file, &printed.out).unwrap();
    let mut doctor = command();
    doctor.args(["doctor", "--listen", "127.0.0.1:0", "--allow-private", "--config"]).arg(&file);
    let said = run(doctor.arg("--data").arg(dir.path().join("data"))).await;
    assert_eq!(said.code, Some(0), "{said:?}");
}

#[tokio::test]
async fn help_shows_every_command_and_examples() {
    let said = run(command().arg("--help")).await;
    assert_eq!(said.code, Some(0));
    for word in
        ["serve", "demo", "sandbox", "doctor", "export", "apply", "invite", "backup", "restore"]
    {
        assert!(said.out.contains(&format!("\n  {word}")), "{word}: {}", said.out);
        let help = run(command().args([word, "--help"])).await;
        assert!(help.code == Some(0) && !help.out.contains("lease"), "{}", help.out);
    }
    assert!(said.out.contains("Examples:"));
}

#[tokio::test]
async fn broken_connectors_are_named_with_file_and_line() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("mine.toml"), "name = \"mine\"\ncolour = 1\n").unwrap();
    let mut serve = command();
    serve.args(["serve", "--listen", "127.0.0.1:0", "--connectors"]).arg(dir.path());
    let said = run(serve.arg("--data").arg(dir.path().join("data"))).await;
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.err.contains("mine.toml:2"), "{}", said.err);
    let mut doctor = command();
    doctor.args(["doctor", "--listen", "127.0.0.1:0", "--allow-private", "--data"]);
    doctor.arg(dir.path().join("data")).env("BATON_CONNECTORS", dir.path());
    let said = run(&mut doctor).await;
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.out.contains("PROBLEM  connectors"), "{}", said.out);
    assert!(said.out.contains("mine.toml:2"), "{}", said.out);
    // A file that is no text is named too.
    std::fs::remove_file(dir.path().join("mine.toml")).unwrap();
    std::fs::write(dir.path().join("other.toml"), b"name = \"\xff\"").unwrap();
    let said = run(&mut doctor).await;
    assert!(said.out.contains("other.toml: "), "{}", said.out);
    let manifest = "name = \"mine\"\ndescription = \"x\"\n[request]\nmethod = \"POST\"\n\
        url = \"https://a.example/\"\nbody = \"json\"\n";
    std::fs::write(dir.path().join("other.toml"), manifest).unwrap();
    let said = run(&mut doctor).await;
    assert!(said.out.contains("mine, phonexa"), "{}", said.out);
}

#[tokio::test]
async fn the_doctor_sees_health_and_damage_also_beside_a_running_server() {
    let dir = tempfile::tempdir().unwrap();
    let database = Database::Embedded(dir.path().join("data"));
    let doctor = || {
        let mut doctor = command();
        doctor.args(["doctor", "--listen", "127.0.0.1:0", "--allow-private", "--data"]);
        doctor.arg(database.dir());
        doctor
    };
    let baton = Baton::on(&database).await;
    let said = run(&mut doctor()).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("a server uses it"), "{}", said.out);
    assert!(said.out.contains("quick check ok"), "{}", said.out);
    baton.stop().await;

    let said = run(&mut doctor()).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("not in use"), "{}", said.out);

    let key = database.dir().join("master.key");
    std::fs::remove_file(&key).unwrap();
    let said = run(&mut doctor()).await;
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.out.contains("PROBLEM  master key"), "{}", said.out);
}

#[tokio::test]
async fn the_sandbox_command_receives_and_shows() {
    let dir = tempfile::tempdir().unwrap();
    let mut sandbox = command();
    sandbox.args(["sandbox", "--listen", "127.0.0.1:0", "--secret", "/hook=whsec_AAAA"]);
    let mut sandbox = Baton::start(sandbox, dir.path()).await;
    let mut connection = Connection::to(&sandbox.url).await.unwrap();
    let (status, _) =
        connection.call("POST", "/hook?status=418", &[], b"{}".to_vec()).await.unwrap();
    assert_eq!(status, 418);
    let line = sandbox.next_line().await.unwrap();
    assert!(line.contains("POST /hook") && line.contains("418"), "{line}");
    let received = Api::new(&sandbox.url, "").get("/_sandbox/received").await;
    assert_eq!(received["data"][0]["signatures"]["leadsbot"], "absent");
    assert!(sandbox.stop().await.success());
}
