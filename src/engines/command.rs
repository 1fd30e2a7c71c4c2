//! stub
use super::*;
pub struct Command;
impl Command {
    pub fn new(_: Vec<String>) -> Self {
        Self
    }
}
impl Engine for Command {
    fn name(&self) -> &'static str {
        "command"
    }
    fn refusals(&self, _: Driver, _: &Chemistry, _: Needs) -> Vec<Refusal> {
        vec![]
    }
    fn find(&self, _: &Guard) -> Result<Option<Found>, Missing> {
        Ok(None)
    }
    fn start_s(&self) -> f64 {
        1.0
    }
    fn run(&self, _: &Job, _: &Site) -> Result<Answer, Cause> {
        Err(Cause::Failed("stub".into()))
    }
}
