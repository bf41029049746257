//! What a test expects to hear. Each within [`Peer::patience`].

use std::time::Duration;

use tokio::time::Instant;

use super::{Answer, Asked, Event, Miss, PREFACE, Peer, Role};
use crate::h2::code::{Code, Setting};
use crate::h2::frame::Frame;
use crate::h2::hpack::Field;

impl Peer {
    /// Exchanges prefaces and SETTINGS, as every connection begins.
    ///
    /// # Errors
    /// The other end does not play along.
    pub async fn start(&mut self) -> Result<(), Miss> {
        self.start_with(&[]).await
    }

    /// The same with settings of ours.
    ///
    /// # Errors
    /// The other end does not play along.
    pub async fn start_with(&mut self, settings: &[(Setting, u32)]) -> Result<(), Miss> {
        match self.role {
            Role::Client => self.send_raw(PREFACE).await,
            Role::Server => self.expect_preface().await?,
        }
        self.send(Frame::settings(settings)).await;
        self.expect_settings().await?;
        self.expect_ack().await
    }

    /// What a client says first (§3.4).
    ///
    /// # Errors
    /// It said something else, or nothing.
    pub async fn expect_preface(&mut self) -> Result<(), Miss> {
        let heard = self.link.exactly(PREFACE.len(), self.until()).await;
        if heard.as_deref() == Some(PREFACE) {
            self.transcript.note("← the client's preface");
            return Ok(());
        }
        let instead = heard.map_or_else(|| "less".to_owned(), |octets| octets.escape_ascii().to_string());
        Err(self.missed("the client's preface", instead))
    }

    /// SETTINGS.
    ///
    /// # Errors
    /// They did not come.
    pub async fn expect_settings(&mut self) -> Result<Vec<(Setting, u32)>, Miss> {
        self.expect("SETTINGS", |event| match event {
            Event::Settings(settings) => Some(settings.clone()),
            _ => None,
        })
        .await
    }

    /// The acknowledgment of SETTINGS.
    ///
    /// # Errors
    /// It did not come.
    pub async fn expect_ack(&mut self) -> Result<(), Miss> {
        self.expect("the acknowledgment of SETTINGS", |event| matches!(event, Event::SettingsAck).then_some(())).await
    }

    /// The answer to a PING with these octets.
    ///
    /// # Errors
    /// It did not come.
    pub async fn expect_pong(&mut self, octets: [u8; 8]) -> Result<(), Miss> {
        let what = format!("the answer to PING {}", octets.escape_ascii());
        self.expect(&what, |event| (*event == Event::PingAck(octets)).then_some(())).await
    }

    /// A field section on this stream, and whether it ends it.
    ///
    /// # Errors
    /// It did not come.
    pub async fn expect_fields(&mut self, stream: u32) -> Result<(Vec<Field>, bool), Miss> {
        self.expect(&format!("a field section on stream {stream}"), |event| match event {
            Event::Fields { stream: on, fields, is_last } if *on == stream => Some((fields.clone(), *is_last)),
            _ => None,
        })
        .await
    }

    /// DATA on this stream, and whether it ends it.
    ///
    /// # Errors
    /// It did not come.
    pub async fn expect_data(&mut self, stream: u32) -> Result<(Vec<u8>, bool), Miss> {
        self.expect(&format!("DATA on stream {stream}"), |event| match event {
            Event::Data { stream: on, octets, is_last } if *on == stream => Some((octets.clone(), *is_last)),
            _ => None,
        })
        .await
    }

    /// A whole response on this stream.
    ///
    /// # Errors
    /// It did not come, or not whole.
    pub async fn expect_response(&mut self, stream: u32) -> Result<Answer, Miss> {
        let what = format!("a response on stream {stream}");
        let mut answer = Answer::default();
        loop {
            let is_last = match self.part(&what, stream).await? {
                Part::Fields(fields, is_last) if answer.status != 0 => {
                    answer.trailers = fields;
                    is_last
                }
                Part::Fields(fields, is_last) => {
                    self.head(&what, &mut answer, fields)?;
                    is_last
                }
                Part::Data(octets, is_last) => {
                    answer.body.extend(octets);
                    is_last
                }
            };
            if is_last {
                return Ok(answer);
            }
        }
    }

    fn head(&self, what: &str, answer: &mut Answer, mut fields: Vec<Field>) -> Result<(), Miss> {
        let status = match fields.first() {
            Some((name, value)) if name == ":status" => value.parse::<u16>().ok(),
            _ => None,
        };
        match status {
            Some(interim @ 100..200) => answer.interim.push(interim),
            Some(status) => {
                fields.remove(0);
                (answer.status, answer.fields) = (status, fields);
            }
            None => return Err(self.missed(what, format!("fields without a status: {fields:?}"))),
        }
        Ok(())
    }

    /// The next whole request, on whatever stream.
    ///
    /// # Errors
    /// It did not come, or not whole.
    pub async fn expect_request(&mut self) -> Result<Asked, Miss> {
        let (mut asked, mut is_last) = self.expect_request_head().await?;
        let what = format!("the rest of the request on stream {}", asked.stream);
        while !is_last {
            is_last = match self.part(&what, asked.stream).await? {
                Part::Fields(fields, is_last) => {
                    asked.trailers = fields;
                    is_last
                }
                Part::Data(octets, is_last) => {
                    asked.body.extend(octets);
                    is_last
                }
            };
        }
        Ok(asked)
    }

    /// The head of the next request, on whatever stream, and whether that is all of it.
    ///
    /// # Errors
    /// It did not come.
    pub async fn expect_request_head(&mut self) -> Result<(Asked, bool), Miss> {
        self.expect("a request", |event| match event {
            Event::Fields { stream, fields, is_last } if fields.iter().any(|(name, _)| name == ":method") => {
                Some((Asked { stream: *stream, fields: fields.clone(), ..Asked::default() }, *is_last))
            }
            _ => None,
        })
        .await
    }

    /// RST_STREAM with this code.
    ///
    /// # Errors
    /// It did not come.
    pub async fn expect_reset(&mut self, stream: u32, code: Code) -> Result<(), Miss> {
        let wanted = Event::Reset { stream, code };
        self.expect(&wanted.to_string(), |event| (*event == wanted).then_some(())).await
    }

    /// GOAWAY with this code. Gives the last stream that was looked at.
    ///
    /// # Errors
    /// It did not come.
    pub async fn expect_goaway(&mut self, code: Code) -> Result<u32, Miss> {
        self.expect(&format!("GOAWAY ({code})"), |event| match event {
            Event::GoAway { last, code: said } if *said == code => Some(*last),
            _ => None,
        })
        .await
    }

    /// The end of the connection, whatever comes before.
    ///
    /// # Errors
    /// It did not come.
    pub async fn expect_close(&mut self) -> Result<(), Miss> {
        self.expect("the end of the connection", |event| matches!(event, Event::Closed { .. }).then_some(())).await
    }

    /// That for so long nothing comes for which `is_forbidden` holds, also not of what came before.
    ///
    /// # Errors
    /// It came.
    pub async fn expect_none(
        &mut self,
        what: &str,
        duration: Duration,
        is_forbidden: impl Fn(&Event) -> bool,
    ) -> Result<(), Miss> {
        let until = Instant::now() + duration;
        while self.hear(until).await {}
        match self.backlog.iter().find(|event| is_forbidden(event) || matches!(event, Event::Breach(_))) {
            Some(event) => Err(self.missed(&format!("no {what}"), event.to_string())),
            None => Ok(()),
        }
    }

    /// Whatever `pick` picks, among what came before and what comes.
    ///
    /// # Errors
    /// It did not come; or the connection ended, or a rule was broken that holds always.
    pub async fn expect<T>(&mut self, what: &str, pick: impl Fn(&Event) -> Option<T>) -> Result<T, Miss> {
        let until = self.until();
        let mut looked_at = 0;
        loop {
            while let Some(event) = self.backlog.get(looked_at) {
                if let Some(picked) = pick(event) {
                    // The end of the connection stays the end of what was heard.
                    if !matches!(event, Event::Closed { .. }) {
                        self.backlog.remove(looked_at);
                    }
                    return Ok(picked);
                }
                if matches!(event, Event::Breach(_)) {
                    return Err(self.miss(what));
                }
                looked_at += 1;
            }
            if !self.hear(until).await {
                return Err(self.miss(what));
            }
        }
    }

    async fn part(&mut self, what: &str, stream: u32) -> Result<Part, Miss> {
        let part = self.expect(what, |event| match event {
            Event::Fields { stream: on, fields, is_last } if *on == stream => {
                Some(Some(Part::Fields(fields.clone(), *is_last)))
            }
            Event::Data { stream: on, octets, is_last } if *on == stream => {
                Some(Some(Part::Data(octets.clone(), *is_last)))
            }
            Event::Reset { stream: on, .. } if *on == stream => Some(None),
            _ => None,
        });
        match part.await? {
            Some(part) => Ok(part),
            None => Err(self.missed(what, format!("RST_STREAM on {stream}"))),
        }
    }

    /// When patience ends.
    pub(in crate::h2) fn until(&self) -> Instant {
        Instant::now() + self.patience
    }

    /// What was expected, and what there is instead.
    pub(in crate::h2) fn miss(&self, what: &str) -> Miss {
        let heard: Vec<_> = self.backlog.iter().filter(|event| !event.is_idle_talk()).map(Event::to_string).collect();
        self.missed(what, if heard.is_empty() { "nothing".to_owned() } else { heard.join(", ") })
    }

    /// What was expected, and what came instead.
    pub(in crate::h2) fn missed(&self, what: &str, instead: impl Into<String>) -> Miss {
        Miss { expected: what.to_owned(), instead: instead.into(), transcript: self.transcript() }
    }
}

/// A piece of a message.
enum Part {
    Fields(Vec<Field>, bool),
    Data(Vec<u8>, bool),
}
