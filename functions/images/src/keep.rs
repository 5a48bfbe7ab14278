//! Takes in a picture that somebody sent.

use mixtape_domain::ImageId;
use mixtape_http::{App, Code, Identity, ImageBody, Problem};
use mixtape_pictures::PictureError;

/// How often a picture that vanished before it was shown is made again.
pub(crate) const ATTEMPTS: usize = 3;

pub(crate) async fn keep(app: &App, identity: &Identity, body: &ImageBody) -> Result<ImageId, Problem> {
    let ImageBody(bytes) = body;
    let kept = mixtape_pictures::keep(&app.store, identity.account_id, bytes.to_vec(), app.clock.now());
    kept.await.map_err(refused)
}

pub(crate) fn refused(error: PictureError) -> Problem {
    match error {
        PictureError::Bad(error) => Problem::new(Code::BAD_IMAGE, error.detail),
        PictureError::Store(error) => error.into(),
    }
}

/// Nobody shows the picture for the moment, and that has happened too often.
pub(crate) fn vanished() -> Problem {
    Problem::unavailable("a picture kept vanishing before it was shown")
}
