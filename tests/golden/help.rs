//! The help of every command.

#[test]
fn help_reads_as_written() {
    let pages: Vec<String> =
        attendant::cli::help().into_iter().map(|(path, text)| format!("$ {path} --help\n{text}")).collect();
    insta::assert_snapshot!(pages.join("\n\n"));
}
