package wecomtest

// A Tag holds members and departments together, whatever the tree says.
type Tag struct {
	ID          int64    `json:"id"`
	Name        string   `json:"name"`
	Members     []string `json:"members"`
	Departments []int64  `json:"departments"`
}

// PutTag adds a tag, or changes the one with its number to this.
func (c *Company) PutTag(t Tag) {
	c.mu.Lock()
	defer c.mu.Unlock()
	old := c.tags[t.ID]
	c.tags[t.ID] = &t
	c.views.forget()
	c.tell(func() news { return tagEvent(old, &t) })
}

// An App is a self-built app. It reads what is in its visible range, and
// nothing else.
type App struct {
	AgentID     int64    `json:"agentId"`
	Name        string   `json:"name"`
	Secret      string   `json:"secret"`
	Departments []int64  `json:"departments"` // visible with all below them
	Members     []string `json:"members"`     // visible by themselves
	Tags        []int64  `json:"tags"`        // whose members and departments are visible
	Withholds   bool     `json:"withholds"`   // made after 2022-06-20: no e-mail, mobile, gender, avatar, QR code, address
	TrustedIPs  []string `json:"trustedIps"`  // from where it may be used; nil: from anywhere
	Disabled    bool     `json:"disabled"`
	// Outline has the departments above the visible range listed too, without
	// their names, as some companies see it. They cannot be read.
	Outline bool `json:"outline"`
}

// PutApp adds an app, or changes the one with its number to this. A token that
// was given for another secret is void then.
func (c *Company) PutApp(a App) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.apps[a.AgentID] = &a
	c.views.forget()
}

// Contacts are the settings of contacts synchronization, whose secret sees the
// whole company.
type Contacts struct {
	Secret     string   `json:"secret"`
	Legacy     bool     `json:"legacy"` // asked from where it was in use before 2022-08-15: it reads everything, not just ids
	TrustedIPs []string `json:"trustedIps"`
}

// PutContacts switches contacts synchronization on, or changes it.
func (c *Company) PutContacts(settings Contacts) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.contacts = &settings
	c.views.forget()
}
